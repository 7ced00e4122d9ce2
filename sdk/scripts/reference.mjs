// Writes `docs/api.md` from the declarations that the compiler makes: what each entry exports, with its doc comments.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { entries, root } from "./entries.mjs";

const HEAD = `# The API of the SDK

Made from the doc comments by \`npm run reference\`: change those, not this. Times are in milliseconds unless something
else is said. How to begin stands in the [README](../README.md); the errors in [errors.md](../../docs/errors.md).
`;

/** What comes first in a section. */
const KINDS = ["function", "const", "class", "interface", "type"];

/** The text of the reference. */
export function reference() {
  const folder = mkdtempSync(join(tmpdir(), "suona-reference-"));
  try {
    const tsc = [`${root}node_modules/typescript/bin/tsc`, "-p", root, "--noEmit", "false", "--rootDir", `${root}src`];
    execFileSync(process.execPath, [...tsc, "--declaration", "--emitDeclarationOnly", "--outDir", folder]);
    return written(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function written(folder) {
  const modules = new Map();
  const load = (source) => {
    if (!modules.has(source)) modules.set(source, parsed(readFileSync(join(folder, `${source}.d.ts`), "utf8"), source));
    return modules.get(source);
  };
  const find = (source, name) => {
    const module = load(source);
    const from = module.names.get(name);
    return module.declared.get(name) ?? (from && find(from.source, from.own));
  };
  const home = new Map();
  const renamed = new Map();
  const parts = entries.map(({ name, source }) => {
    const module = load(source);
    const title = name === "index" ? "suona" : `suona/${name}`;
    const offered = module.exported.map((exported) => {
      const declaration = find(source, exported);
      if (!declaration) throw new Error(`${source}: nothing declares ${exported}`);
      if (declaration.name !== exported) renamed.set(declaration.name, exported);
      return { exported, declaration, rank: KINDS.indexOf(declaration.kind) };
    });
    offered.sort((one, other) => one.rank - other.rank);
    const sections = offered.map(({ exported, declaration }) => {
      if (home.has(declaration)) return { also: exported, of: home.get(declaration) };
      home.set(declaration, title);
      return { text: section(declaration, find, module.types.has(exported)) };
    });
    const also = sections.filter((it) => it.also).map((it) => `\`${it.also}\` of \`${it.of}\``);
    const texts = sections.filter((it) => it.text).map((it) => it.text);
    return [`## ${title}`, module.purpose, ...texts, also.length ? `Also here: ${also.join(", ")}.` : ""]
      .filter(Boolean)
      .join("\n\n");
  });
  const text = `${HEAD}\n${parts.join("\n\n")}\n`;
  return text.replace(/\b[A-Z]\w+\b/g, (word) => renamed.get(word) ?? word);
}

/** The declarations of one file, what it exports in its order, and which file each foreign name comes from. */
function parsed(text, source) {
  const module = { purpose: "", exported: [], types: new Set(), declared: new Map(), names: new Map() };
  for (const { doc, code } of statements(text)) {
    const from = code.match(/^(?:import|export)(?: type)? \{(.*)\} from "(.*)\.js";$/s);
    if (from) {
      if (doc && !module.purpose) module.purpose = doc;
      for (const part of from[1].split(",")) {
        const [own, name = own] = part
          .trim()
          .replace(/^type /, "")
          .split(" as ");
        module.names.set(name, { source: posix.join(posix.dirname(source), from[2]), own });
        if (!code.startsWith("export")) continue;
        module.exported.push(name);
        if (/^type /.test(part.trim()) || code.startsWith("export type")) module.types.add(name);
      }
      continue;
    }
    const named = code.match(
      /^(export )?(?:default )?(?:declare )?(?:abstract )?(interface|class|type|function|const) (\w+)/,
    );
    if (!named) continue;
    module.declared.set(named[3], { doc, code, kind: named[2], name: named[3], source });
    if (named[1]) module.exported.push(named[3]);
  }
  return module;
}

/** Statements, or members, with the doc comment of each. They begin at the margin and end where it is reached again. */
function statements(text) {
  const found = [];
  let doc = "";
  for (const [chunk] of text.matchAll(/^\/\*\*.*?\*\/$|^[^\s/}][^\n]*;$|^[^\s/}].*?^\}(?:[^\n]*;)?$/gms)) {
    if (chunk.startsWith("/**")) doc = spoken(chunk);
    else {
      found.push({ doc, code: chunk });
      doc = "";
    }
  }
  return found;
}

/** `typeOnly`: the app is handed such objects, and makes none. */
function section(declaration, find, typeOnly) {
  const { doc, code, kind, name } = declaration;
  const [head] = code
    .replace(/^export /, "")
    .replace(/^declare /, "")
    .split(/(?<=\{)$/m, 1);
  const whole =
    kind === "interface" || kind === "class"
      ? head.replace(/\s*\{$/, "")
      : code.replace(/^export (declare )?/, "").replace(/^ *\/\*\*.*?\*\/\n/gms, "");
  // What is inherited is listed below; of an error everybody knows it.
  const inherited = / extends Error$/.test(whole) ? "" : heritage(whole) && ` extends ${heritage(whole)}`;
  const shown = whole
    .replace(inherited, "")
    .replace(/\n? implements [\w, ]+/, "")
    .replace(/^default /, "");
  const list =
    kind === "interface" || kind === "class" ? members(declaration, find, typeOnly ? ["constructor"] : []) : [];
  const lines = list.map(({ doc, code }) => `- \`${code}\`${doc ? `<br>${doc.replace(/\n+/g, " ")}` : ""}`);
  return [`### ${name}`, doc, `\`\`\`ts\n${shown}\n\`\`\``, lines.join("\n")].filter(Boolean).join("\n\n");
}

/** What one may call or give, inherited members included; not what is private, or owed to parts of the package only. */
function members({ code, source }, find, without = []) {
  const body = code.slice(code.indexOf("{\n") + 2, -2).replace(/^ {4}/gm, "");
  const own = statements(body)
    .map(({ doc, code }) => ({
      doc,
      code: code
        .replace(/;$/, "")
        .replace(/^readonly /, "")
        .replace(/\s*\n\s*/g, " "),
    }))
    .map((member) => ({ ...member, name: member.code.match(/^[\w$]+/)?.[0] }))
    .filter(({ code, name }) => !/^(private|protected) /.test(code) && !without.includes(name));
  const head = code.slice(0, code.indexOf("{\n"));
  const owed = named(head.match(/ implements ([\w, ]+)/)?.[1], source, find).flatMap((it) => members(it, find));
  const inherited = [...heritage(head).matchAll(/Omit<(\w+)(?:<.*?>)?, ([^>]*)>|(\w+)/g)].flatMap(
    ([, omitting, omitted = "", plain]) => {
      const gone = [...omitted.matchAll(/"(\w+)"/g)].map((it) => it[1]);
      return named(omitting ?? plain, source, find).flatMap((it) => members(it, find, [...without, ...gone]));
    },
  );
  const seen = new Set(owed.map(({ name }) => name));
  return [...own, ...inherited].filter(({ name }) => name === undefined || (!seen.has(name) && seen.add(name)));
}

/** What follows the `extends` of a declaration, which is not one of its type parameters'. */
function heritage(head) {
  let depth = 0;
  for (let at = 0; at < head.length; at++) {
    if (head[at] === "<") depth++;
    if (head[at] === ">" && head[at - 1] !== "=") depth--;
    if (!depth && head.startsWith(" extends ", at)) return head.slice(at + " extends ".length);
  }
  return "";
}

function named(list, source, find) {
  return (list?.split(",") ?? []).map((name) => find(source, name.trim())).filter((it) => it?.code.includes("{\n"));
}

/** The words of a doc comment. */
function spoken(comment) {
  return comment
    .replace(/^\/\*\*\s?|\s*\*\/$/g, "")
    .replace(/^ *\* ?/gm, "")
    .replace(/\{@link (\S+?)\}/g, "`$1`")
    .trim();
}

if (process.argv[1].endsWith("reference.mjs")) {
  mkdirSync(`${root}docs`, { recursive: true });
  writeFileSync(`${root}docs/api.md`, reference());
}
