import { apiKey } from "../api.ts";
import { here } from "../here.ts";
import { Problem, useAction } from "../parts.tsx";
import { saveFile } from "../save-file.ts";

interface FileDownloadProps {
  label: string;
  /** Where the file is, and what it is called on the reader's disk. */
  path: string;
  name: string;
  read(): Promise<Blob>;
}

/** Asks for a file and gives it to the reader's disk: for what needs a header, or more than an address. */
export const SaveFile = ({ label, name, read }: Pick<FileDownloadProps, "label" | "name" | "read">) => {
  const { busy, error, run } = useAction();
  const download = (): void => run(async () => saveFile(name, await read()));
  return (
    <>
      <button type="button" disabled={busy} onClick={download}>
        {label}
      </button>
      <Problem error={error} />
    </>
  );
};

/** A plain link where that suffices; with an API key the file must be asked for with a header. */
export const FileDownload = ({ label, path, name, read }: FileDownloadProps) =>
  apiKey.read() === null ? (
    <a class="button" href={here(path)} download={name}>
      {label}
    </a>
  ) : (
    <SaveFile {...{ label, name, read }} />
  );
