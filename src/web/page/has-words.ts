/** Whether every word of a search is somewhere in the text, in capitals or not. */
export const hasWords = (text: string, search: string): boolean => {
  const inside = text.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => inside.includes(word));
};
