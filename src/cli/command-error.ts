/** What the user can put right: shown as one line, without a stack. */
export class CommandError extends Error {}
