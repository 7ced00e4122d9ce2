// What we say is what npm `centrifuge`, the stock client of the protocol, says in the same situation.
//
// A situation is a transcript: its server, network and app are played to the stock client, and what that says is
// compared with what the transcript says, connection by connection and command by command: the same commands in the
// same order, with the same fields of the same values. Two things are not compared: numbers of ids (that there is one
// is), and how commands are spread over frames. Every other difference is listed below with its reason, and must occur.
//
// The Rust core and the TypeScript core both reproduce the transcripts to the letter, each in a test of its own: what
// holds here holds for both.
//
// The other way round, a server for our client to run against, there is nothing: no package of npm speaks the server's
// side of the protocol, and of the server in memory that `centrifuge` tests itself with, it publishes the types alone.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { playStock, type Conversation } from "./stock.js";
import { transcript, type Command, type Fields, type Transcript } from "./transcript.js";

/** Transcripts of situations that the stock client cannot be in, or not to their end. */
const apart: Record<string, { readonly from?: string; readonly because: string }> = {
  background: { because: "it knows nothing of apps that are hidden, and keeps its connection" },
  doubts: { because: "it asks nothing again, and knows nothing of the lives of a gateway" },
  denied: { because: "it keeps a subscription that is over until it is removed" },
  ended: { because: "it keeps a subscription that is over, and its position, until it is removed" },
  late: { because: "it gives no sign of life on its own, and asks nothing again" },
  "refused-commands": { because: "it is started again by hand, and gives up after no number of attempts" },
  logins: { because: "it takes whatever token is found, whoever has logged out since it was asked for" },
  limits: { because: "it has no bounds for what waits or for a message" },
  stale: { because: "it stays away for good after 3502, which we take for a slow connection" },
  "stale-tokens": { because: "it takes whatever token is found, whatever the server has taken back since it was asked for" },
  tokens: { from: "125s", because: "after 3005 it tries the old token until the server says 109; we ask at once" },
};

interface Difference {
  readonly what: string;
  readonly why: string;
  /** The only transcript where it may occur, if there is one. */
  readonly in?: string;
  /** What is left of our commands on one connection without it, given all of ours on those before. */
  readonly ours?: (commands: readonly Command[], before: readonly Command[]) => readonly Command[];
  /** The same for the stock client's. */
  readonly theirs?: (commands: readonly Command[]) => readonly Command[];
}

/** Taken away in this order: what is asked again is known by its key. */
const differences: readonly Difference[] = [
  {
    what: "we ask again on the next connection what was not answered on the last",
    why: "where that is safe; the stock client hands the failure to the app, which would have to ask again",
    in: "outbox",
    ours: (commands, before) =>
      commands.filter(
        (command) => !/^(rpc|history|presence)$/.test(command.is) || !before.some((other) => same(other, command)),
      ),
  },
  {
    what: "the stock client's send overtakes the commands with an id that were given before it",
    why: "it still collects those for a frame when it has just connected; ours leave in the order of the app",
    in: "outbox",
    ours: sendsLast,
    theirs: sendsLast,
  },
  {
    what: "our connect has headers suona-session, suona-farewell and suona-time",
    why: "they ask a Suona gateway for what the protocol lacks; other servers take them for headers of the app",
    ours: without("headers", ({ is, fields }) => is === "connect" && onlyOurs(fields.headers)),
  },
  {
    what: "our rpc and publish have an idempotency_key",
    why: "so that a Suona gateway lets them happen once, however often they are asked",
    ours: without("idempotency_key", ({ is }) => is === "rpc" || is === "publish"),
  },
  {
    what: "we probe, by ping or by leaving suona-probe",
    why: "we ask a silent server whether it lives; the stock client waits until a ping of the server is overdue",
    ours: no(({ is, fields }) => is === "ping" || (is === "unsubscribe" && fields.channel === "suona-probe")),
  },
  {
    what: "our connect has the offset of a served channel even if it is 0",
    why: "0 is what a server assumes where there is none, which is why the stock client leaves it out",
    in: "served",
    ours: (commands) => commands.map((command) => ({ ...command, fields: withoutZeros(command.fields) })),
  },
  {
    what: "subscribing to a channel that the server chose",
    why: `to us it is one subscription, which goes on from its position when the server serves it no more;
      the stock client keeps two, and asks for its own at once and from nowhere`,
    in: "served",
    ours: no(({ is }) => is === "subscribe"),
    theirs: no(({ is }) => is === "subscribe"),
  },
  {
    what: "a sub_refresh for a channel that the server chose",
    why: "the stock client has no way to hand over a token for one",
    in: "farewell",
    ours: no(({ is }) => is === "sub_refresh"),
  },
  {
    what: "flag 1 in the stock client's subscribe",
    why: "it asks for numbers in place of channel names in pushes, which spares bytes and is no promise",
    theirs: without("flag", ({ is, fields }) => is === "subscribe" && fields.flag === 1),
  },
  {
    what: 'recover with epoch "_" in the stock client\'s subscribe',
    why: `after an invalidation it recovers from an epoch that never was, to be told of the gap;
      we know that there is one, tell the app, and subscribe afresh`,
    in: "invalidated",
    theirs: (commands) => without("epoch", invented)(without("recover", invented)(commands)),
  },
];

const occurred = new Set<Difference>();
const folder = new URL("../../scenarios/client/", import.meta.url);
const names = readdirSync(folder).map((file) => file.replace(/\.txt$/, ""));

for (const name of names.filter((name) => !apart[name] || apart[name].from)) {
  const { from, because } = apart[name] ?? {};
  test(`what ${name} says, npm centrifuge says too${from ? `, until ${from}: ${because}` : ""}`, async () => {
    await compare(transcript(name, { until: from }));
  });
}

test("every difference between npm centrifuge and us occurs, and every transcript left apart is there", () => {
  assert.deepEqual(
    differences.filter((difference) => !occurred.has(difference)).map(({ what }) => what),
    [],
  );
  assert.deepEqual(
    Object.keys(apart).filter((name) => !names.includes(name)),
    [],
  );
});

const mistakes: [string, (text: string) => string][] = [
  ["recovered without saying so", (text) => text.replaceAll('"recover":true,', "")],
  ["recovered from another offset", (text) => text.replace('"offset":10,"positioned"', '"offset":9,"positioned"')],
  ["recovered from another epoch", (text) => text.replace('"epoch":"abc","offset":8,', '"epoch":"xyz","offset":8,')],
  ["sent another token", (text) => text.replace('"connect":{"token":"a token"', '"connect":{"token":"no token"')],
  ["did not answer pings", (text) => text.replace("< 20s send {}\n", "")],
  ["forgot to leave", (text) => text.replace(/< .* send .*"unsubscribe".*\n/, "")],
  ["subscribed before it connected", (text) => text.replace(/^(< 100ms send )(.*?) ⏎ (.*?) ⏎/m, "$1$3 ⏎ $2 ⏎")],
];
for (const [mistake, edit] of mistakes) {
  test(`a transcript whose client ${mistake} would not pass`, async () => {
    await assert.rejects(compare(transcript("connect", { edit })), assert.AssertionError);
  });
}

/** Fails unless the stock client says what the transcript says. */
async function compare(transcript: Transcript): Promise<void> {
  const ours = shared(transcript, transcript.said, "ours");
  const theirs = shared(transcript, await playStock(transcript, ours), "theirs");
  const spoken = [...ours].filter(([, commands]) => commands.length > 0).map(([generation]) => generation);
  assert.ok(spoken.length > 0);
  assert.deepEqual([...theirs.keys()], spoken, `${transcript.name}: connections`);
  for (const [generation, commands] of theirs) {
    const place = `${transcript.name}, connection ${generation}`;
    assert.deepEqual(commands.map(readable), ours.get(generation)!.map(readable), place);
  }
}

/** What is left of one side without the differences. */
function shared({ name }: Transcript, said: Conversation, side: "ours" | "theirs"): Conversation {
  const shared = new Map<number, readonly Command[]>();
  const before: Command[] = [];
  for (const [generation, commands] of said) {
    let left = commands;
    for (const difference of differences) {
      const less = !difference.in || difference.in === name ? (difference[side]?.(left, before) ?? left) : left;
      const unchanged = less.length === left.length && less.every((command, at) => same(command, left[at]!));
      if (!unchanged) occurred.add(difference);
      left = less;
    }
    shared.set(generation, left);
    before.push(...commands);
  }
  return shared;
}

function readable({ id, is, fields }: Command): Fields {
  return { [is]: fields, numbered: id !== undefined };
}

function same(one: Command, other: Command): boolean {
  return one.is === other.is && JSON.stringify(one.fields) === JSON.stringify(other.fields);
}

function no(which: (command: Command) => boolean) {
  return (commands: readonly Command[]) => commands.filter((command) => !which(command));
}

function without(field: string, which: (command: Command) => boolean) {
  const less = (fields: Fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field));
  return (commands: readonly Command[]) =>
    commands.map((command) => (which(command) ? { ...command, fields: less(command.fields) } : command));
}

function sendsLast(commands: readonly Command[]): readonly Command[] {
  const isSend = ({ is }: Command) => is === "send";
  return [...commands.filter((command) => !isSend(command)), ...commands.filter(isSend)];
}

function invented({ is, fields }: Command): boolean {
  return is === "subscribe" && fields.epoch === "_";
}

function onlyOurs(headers: unknown): boolean {
  return Object.keys(headers as object).join() === "suona-session,suona-farewell,suona-time";
}

function withoutZeros({ subs, ...fields }: Fields): Fields {
  if (!subs) return fields;
  const less = Object.entries(subs as Record<string, Fields>).map(([channel, { offset, ...sub }]) => [
    channel,
    offset === 0 ? sub : { offset, ...sub },
  ]);
  return { ...fields, subs: Object.fromEntries(less) };
}
