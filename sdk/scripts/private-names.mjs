// The names that a build may shorten: members that are private, and what the parts of the SDK say among themselves.
import { readdirSync, readFileSync } from "node:fs";

/**
 * Members and fields that neither an app, nor a device, nor a server, nor storage ever sees, although TypeScript does not
 * call them private. Not among them are the methods of machines that are named like their inputs.
 */
const internal = `
  again answer answered asked asks asksToken attempt awaited bind body carryOut changed closing core current deadline delay deny
  dialing down drain draining doubtful driver due ears emit enter entered errand expire failed failures fault flush forget forsake generation
  giveUp go greet greeted handle hear heard held hiddenAt home host house how hurry ids instant joined knowsKeys last lasts left
  letter letters lines listener listeners login lose luck machine moment notBefore once options outbox outcome outputs over pass
  phase plan poll probe pushed read ready refuse refused release rest result retry room roomAt rooms rules save say sent
  serve served session settle settleWhatIsDue silence skew soon stage subscription subscriptions suona take tell to told
  tried tuck tuckAt undoRetry unsubscribed up wait waiting wall want wanted weight why write
`;

/** A pattern of all that may be shortened in the sources under `folder`. */
export function privateNames(folder = "src") {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  const declared = new Set(sources.flatMap((source) => [...source.matchAll(/\bprivate (?:readonly |static )*(\w+)/g)].map((found) => found[1])));
  const text = sources.join("\n").replace(/\bprivate (?:readonly |static )*\w+/g, "").replace(/\bthis\.\w+/g, "");
  const names = [...declared].filter((name) => !new RegExp(`(?:\\.|\\?\\.|\\{ ?|, |^\\s+(?:readonly )?)${name}\\b\\??[:(,; ]|\\.${name}\\b`, "m").test(text));
  return new RegExp(`^(?:${[...names, ...internal.trim().split(/\s+/)].join("|")})$`);
}
if (process.argv[1]?.endsWith("private-names.mjs")) console.log(privateNames());
