// Finds the names of private members, which a build may shorten: TypeScript keeps everyone else away from them.
import { readdirSync, readFileSync } from "node:fs";

/** A pattern of all names that are private somewhere under `folder` and no property anywhere else. */
export function privateNames(folder = "src") {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  const declared = new Set(sources.flatMap((source) => [...source.matchAll(/\bprivate (?:readonly |static )*(\w+)/g)].map((found) => found[1])));
  const text = sources.join("\n").replace(/\bprivate (?:readonly |static )*\w+/g, "").replace(/\bthis\.\w+/g, "");
  const names = [...declared].filter((name) => !new RegExp(`(?:\\.|\\?\\.|\\{ ?|, |^\\s+(?:readonly )?)${name}\\b\\??[:(,; ]|\\.${name}\\b`, "m").test(text));
  return new RegExp(`^(?:${names.join("|")})$`);
}
if (process.argv[1].endsWith("private-names.mjs")) console.log(privateNames());
