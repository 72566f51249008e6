import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const hasOpenssl = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Makes certificates in a folder with openssl: authorities, and what they sign for `localhost`. */
export const createCertificates = (folder: string) => {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  writeFileSync(join(folder, "san"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const file = (name: string) => join(folder, name);
  return {
    file,
    read: (name: string) => readFileSync(file(name)),
    /** `<name>.pem` and `<name>.key` */
    authority: (name: string) => {
      const [key, pem] = [`${name}.key`, `${name}.pem`];
      openssl("req", "-x509", ...curve, "-keyout", key, "-out", pem, "-subj", `/CN=${name}`, "-days", "2");
    },
    sign: (authority: string, name: string) => {
      openssl("req", ...curve, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      const by = ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-CAcreateserial", "-days", "2"];
      openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...by, "-extfile", "san");
    },
    selfSigned: (name: string) => {
      const names = ["-addext", "subjectAltName=DNS:localhost"];
      const [key, pem] = [`${name}.key`, `${name}.pem`];
      openssl("req", "-x509", ...curve, "-keyout", key, "-out", pem, "-subj", `/CN=${name}`, "-days", "2", ...names);
    },
    encrypt: (name: string) =>
      openssl("ec", "-in", `${name}.key`, "-aes256", "-passout", "pass:secret", "-out", `${name}-encrypted.key`),
  };
};
