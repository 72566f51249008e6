import { murmurHash3 } from "./murmur-hash.ts";

/** How texts are cut and counted. */
export interface TextCounting {
  readonly words: number;
  readonly characters: number;
  readonly buckets: number;
}

/**
 * What is no part of a word: of ASCII and Latin-1 all but letters and digits, the general and the Chinese, Japanese and Korean punctuation. A list of our own, since
 * that of Unicode's letters grows with its versions.
 */
const between =
  /[\0-/:-@[-`{-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u3003\u3008-\u3011\uff01-\uff0f]+/u;
/** Latin, Greek, Cyrillic, Armenian: the letters whose lower case is that of every version of Unicode in use. */
const lowered = /[A-Z\u00c0-\u052f\u0531-\u0556]/gu;

/** The words of a text in lower case, in order. */
export const wordsOf = (text: string): string[] =>
  text
    .replace(lowered, (letter) => letter.toLowerCase())
    .split(between)
    .filter((word) => word !== "");

/** Calls `each` with every term of a text: words, neighbouring words with a blank between them, and characters of ` word `. */
export const visitTerms = (text: string, { words, characters }: TextCounting, each: (term: string) => void): void => {
  const all = wordsOf(text);
  for (let from = 0; from < all.length; from++) {
    let term = "";
    for (let count = 0; count < words && from + count < all.length; count++) {
      term = count === 0 ? all[from]! : `${term} ${all[from + count]!}`;
      each(term);
    }
  }
  if (characters === 0) return;
  for (const word of all) {
    const letters = [..." ", ...word, " "];
    for (let from = 0; from + characters <= letters.length; from++)
      each(letters.slice(from, from + characters).join(""));
  }
};

/** Counts a text's terms by bucket, in place of what `counts` had. */
export const createTermCounter = (counting: TextCounting) => {
  let bytes = new Uint8Array(256);
  const encoder = new TextEncoder();
  const bucketOf = (term: string): number => {
    if (term.length * 3 > bytes.length) bytes = new Uint8Array(term.length * 3);
    const { written } = encoder.encodeInto(term, bytes);
    return Math.abs(murmurHash3(bytes, written)) % counting.buckets;
  };
  return (text: string, counts: Float64Array): void => {
    counts.fill(0);
    visitTerms(text, counting, (term) => {
      counts[bucketOf(term)]! += 1;
    });
  };
};
