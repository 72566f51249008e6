/** How files begin that are often taken for CSV; no text begins so. */
export const otherKinds: readonly [start: string, what: string, remedy: string][] = [
  ["PK\x05\x06", "the file is an empty ZIP archive", "export the table as CSV in UTF-8"],
  ["\x89PNG\r\n", "the file is a picture", "send pictures in a zip archive with a folder for each label"],
  ["\xff\xd8\xff", "the file is a picture", "send pictures in a zip archive with a folder for each label"],
  ["%PDF-", "the file is a PDF document", "export the table in it as CSV in UTF-8"],
  ["<!doctype", "the file is a web page", "export the table in it as CSV in UTF-8"],
  ["<!DOCTYPE", "the file is a web page", "export the table in it as CSV in UTF-8"],
  ["<html", "the file is a web page", "export the table in it as CSV in UTF-8"],
  ["\x1f\x8b", "the file is compressed with gzip", "uncompress it, or send it over REST with Content-Encoding: gzip"],
  [
    "PK\x03\x04",
    "the file is a ZIP archive, as .xlsx spreadsheets and .docx documents are",
    "export it as CSV in UTF-8",
  ],
  ["\x28\xb5\x2f\xfd", "the file is compressed with zstd", "uncompress it"],
  ["\xfd7zXZ\x00", "the file is compressed with xz", "uncompress it"],
  ["BZh91AY", "the file is compressed with bzip2", "uncompress it"],
  ["PAR1\x15", "the file is Parquet", "export it as CSV in UTF-8"],
  ["\xd0\xcf\x11\xe0", "the file is an .xls spreadsheet", "export it as CSV in UTF-8"],
];
