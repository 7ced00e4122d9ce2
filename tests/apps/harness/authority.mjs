// A test authority with a full chain: a root that clients trust, an intermediate, and the leaf that servers show.

import { execFileSync } from "node:child_process";
import { X509Certificate, createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the files of the chain are, in tests that run over TLS. */
const FOLDER = process.env.SUONA_TEST_AUTHORITY;

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes the chain in `folder`, and gives the environment of Node that trusts its root. */
export function founded(folder) {
  const at = (name) => join(folder, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "pipe" });
  const issue = (name, issuer, extensions) => {
    writeFileSync(at(`${name}.ext`), extensions);
    openssl("req", "-subj", `/CN=${name}`, ...NEW_KEY, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`));
    const by = ["-CA", at(`${issuer}.pem`), "-CAkey", at(`${issuer}.key`), "-CAcreateserial"];
    openssl("x509", "-req", "-days", "2", "-in", at(`${name}.csr`), ...by, "-extfile", at(`${name}.ext`), "-out", at(`${name}.pem`));
  };
  openssl("req", "-x509", "-days", "2", "-subj", "/CN=root", ...NEW_KEY, "-keyout", at("root.key"), "-out", at("root.pem"));
  issue("intermediate", "root", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n");
  issue("leaf", "intermediate", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  writeFileSync(at("chain.pem"), readFileSync(at("leaf.pem"), "utf8") + readFileSync(at("intermediate.pem"), "utf8"));
  return { SUONA_TEST_AUTHORITY: folder, NODE_EXTRA_CA_CERTS: at("root.pem") };
}

/** How everybody speaks TLS with everybody; `undefined` where nobody does. */
export const authority = FOLDER && {
  /** What a server of Node shows. */
  server: { cert: readFileSync(join(FOLDER, "chain.pem")), key: readFileSync(join(FOLDER, "leaf.key")) },
  /** What makes the gateway a server of TLS. */
  gateway: {
    SUONA_HTTP_SERVER_TLS_ENABLED: "true",
    SUONA_HTTP_SERVER_TLS_CERT_PEM: join(FOLDER, "chain.pem"),
    SUONA_HTTP_SERVER_TLS_KEY_PEM: join(FOLDER, "leaf.key"),
  },
  /** What makes a Rust program trust the root, and nobody else. */
  trust: { SSL_CERT_FILE: join(FOLDER, "root.pem") },
  /**
   * Chromium reads no file of authorities. It is told to take chains with this intermediate's key, which it sees only if
   * the server sends the full chain.
   */
  chromium: [`--ignore-certificate-errors-spki-list=${fingerprint(readFileSync(join(FOLDER, "intermediate.pem")))}`],
};

/** By what name servers are called. Certificates are for a name, and a name is what phones want. */
export const HOST = authority ? "localhost" : "127.0.0.1";

function fingerprint(pem) {
  const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}
