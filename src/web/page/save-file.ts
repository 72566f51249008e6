/** Puts a file onto the reader's disk. */
export const saveFile = (name: string, content: Blob): void => {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser begins to read it after the click: not before the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
};
