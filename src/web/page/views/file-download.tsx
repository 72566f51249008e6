import { apiKey } from "../api.ts";
import { Problem, useAction } from "../parts.tsx";

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
      <a class="button" href={path} download={name}>
        {label}
      </a>
    );
  }
  const download = (): void =>
    run(async () => {
      const url = URL.createObjectURL(await read());
      const link = document.createElement("a");
      link.href = url;
      link.download = name;
      link.click();
      URL.revokeObjectURL(url);
    });
  return (
    <>
      <button type="button" disabled={busy} onClick={download}>
        {label}
      </button>
      <Problem error={error} />
    </>
  );
};
