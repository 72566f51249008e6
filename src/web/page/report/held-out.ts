/** What a model said of the rows that its report is about, from the file in which it is kept. Nothing here touches the document. */

export interface HeldOutRow {
  /** Its number in the data set, from 0. */
  row: number;
  truth: string;
  prediction: string;
  /** Of the answer; null for numbers. */
  confidence: number | null;
}

/** RFC 4180, as the service writes it. */
export const parseCsv = (text: string, mostRows: number): string[][] => {
  const rows: string[][] = [];
  let [row, field, quoted]: [string[], string, boolean] = [[], "", false];
  for (let i = 0; i < text.length && rows.length < mostRows; i++) {
    const sign = text[i]!;
    if (quoted) {
      if (sign !== '"') field += sign;
      else if (text[i + 1] === '"') field += text[++i];
      else quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === ",") {
      row.push(field);
      field = "";
    } else if (sign === "\n") {
      rows.push([...row, field.replace(/\r$/, "")]);
      [row, field] = [[], ""];
    } else field += sign;
  }
  if (rows.length < mostRows && (field !== "" || row.length > 0)) rows.push([...row, field]);
  return rows;
};

const probabilityPrefix = "probabilities.";

export const parseHeldOut = (text: string, mostRows = 20_000): HeldOutRow[] => {
  const [head = [], ...rows] = parseCsv(text, mostRows + 1);
  const [row, truth, prediction] = ["row", "truth", "prediction"].map((name) => head.indexOf(name)) as [
    number,
    number,
    number,
  ];
  if (row < 0 || truth < 0 || prediction < 0) return [];
  const columnOf = new Map(
    head.flatMap((name, i) =>
      name.startsWith(probabilityPrefix) ? [[name.slice(probabilityPrefix.length), i] as const] : [],
    ),
  );
  return rows.map((cells) => {
    const answer = cells[prediction] ?? "";
    const column = columnOf.get(answer);
    const confidence = column === undefined ? Number.NaN : Number(cells[column]);
    return {
      ...{ row: Number(cells[row]), truth: cells[truth] ?? "", prediction: answer },
      confidence: Number.isFinite(confidence) ? confidence : null,
    };
  });
};

/** Wrong answers first, the surest of them at the top; then those that are right, the least sure first. */
export const wrongFirst = (rows: readonly HeldOutRow[]): HeldOutRow[] => {
  const sure = ({ confidence }: HeldOutRow): number => confidence ?? 0;
  const isWrong = ({ truth, prediction }: HeldOutRow): boolean => truth !== prediction;
  return rows.toSorted((a, b) => {
    if (isWrong(a) !== isWrong(b)) return isWrong(a) ? -1 : 1;
    return isWrong(a) ? sure(b) - sure(a) : sure(a) - sure(b);
  });
};

/** At most so many, evenly spread. */
export const spread = <T>(items: readonly T[], most: number): T[] =>
  items.length <= most
    ? [...items]
    : Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
