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

/** A plain link where that suffices; with an API key the file must be asked for with a header. */
export const FileDownload = ({ label, path, name, read }: FileDownloadProps) => {
  const { busy, error, run } = useAction();
  if (apiKey.read() === null) {
    return (
      <a class="button" href={here(path)} download={name}>
        {label}
      </a>
    );
  }
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
