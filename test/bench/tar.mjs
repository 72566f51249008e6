const block = 512;

/** A file of a tar archive (ustar): its header and its bytes, filled up to a whole block. */
export const tarEntry = (name, bytes) => {
  const header = Buffer.alloc(block);
  header.write(name);
  header.write("0000644\0", 100);
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        0", 148); // the checksum counts as blanks; 0: a file
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
};

export const tarOf = (entries) => new Blob([...entries, Buffer.alloc(2 * block)], { type: "application/x-tar" });
