// Builds the uni-app example, as its README says, for a gateway and a backend of the tests.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const UNIAPP = fileURLToPath(new URL("../../../examples/uniapp", import.meta.url));

/** The folder with what `npm run build:<target>` of a project made. */
export async function built(t, target, { gateway, backend, project = UNIAPP }) {
  const folder = await mkdtemp(join(tmpdir(), `suona-${target}-`));
  t.after(() => rm(folder, { recursive: true }));
  const env = { ...process.env, UNI_OUTPUT_DIR: folder, VITE_GATEWAY: gateway, VITE_BACKEND: backend };
  await promisify(execFile)("npm", ["run", "-s", `build:${target}`], { cwd: project, env });
  return folder;
}
