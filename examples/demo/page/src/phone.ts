/** One of the two users: a client of their own, and what it saw. */

import { onScopeDispose, reactive, ref, watch } from "vue";
import { createSuona, type SuonaError, type Words } from "suona";
import { browserPlatform } from "suona/browser";
import { en } from "suona/en";
import { zh } from "suona/zh";
import { language } from "./language";
import { Ledger, type Sent } from "./ledger";
import { scene } from "./scene";
import { type Channels, type Deed, GATE, type Methods, PUMP } from "./systems";

/** How the demo calls them; the backend knows them by their names. */
export const users = [
  { id: "hongda", name: "宏达机电" },
  { id: "yuanhang", name: "远航贸易" },
] as const;

export type User = (typeof users)[number];

/** Dials come this often at least while the line is down: somebody is watching. */
const LONGEST_WAIT = 2000;

/** The SDK's words in the language of the moment. */
const words: Words = {
  get connecting() {
    return (language.value === "zh" ? zh : en).connecting;
  },
  get faults() {
    return (language.value === "zh" ? zh : en).faults;
  },
};

/** Everything of one user. To be made within a component, with which it ends. */
export function usePhone(user: User) {
  const way = `${location.host}/line/${user.id}`;
  const suona = createSuona<Channels, Methods>({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${way}/connection/websocket`,
    platform: browserPlatform(),
    getToken: () => login(`//${way}/login`, user.name),
    longestWait: LONGEST_WAIT,
    words,
  });
  const ledger = reactive(new Ledger(() => Date.now())) as Ledger;
  /** The code of what was refused last. */
  const refusal = ref("");
  listen(suona, ledger);
  suona.start();
  onScopeDispose(() => suona.close());

  let before: Promise<unknown> = Promise.resolve();

  /**
   * Asks for something to be done, and notes what becomes of it. The gateway carries out requests side by side; what one
   * person does shall happen in that order, and so each waits for the answer to the one before.
   */
  function act<Method extends Deed>(deed: Method, data: Parameters<Methods[Method]>[0]) {
    const sent = ledger.send(deed, data);
    const done = before.then(() => ask(deed, data, sent));
    before = done;
    return done;
  }

  async function ask<Method extends Deed>(deed: Method, data: Parameters<Methods[Method]>[0], sent: Sent) {
    refusal.value = "";
    try {
      const answer = await suona.rpc(deed, data);
      sent.became = "answered";
      return answer;
    } catch (error) {
      sent.became = "refused";
      sent.code = refusal.value = (error as SuonaError).code;
      return undefined;
    }
  }

  return { user, suona, ledger, refusal, act };
}

export type Phone = ReturnType<typeof usePhone>;
export type Client = Phone["suona"];

/** Notes what the client hears, beside the pages that hear it too. */
function listen(suona: ReturnType<typeof createSuona<Channels, Methods>>, ledger: Ledger): void {
  /** Nothing before the first connection, which is no return. */
  let was: boolean | undefined;
  onScopeDispose(
    suona.status.each(({ online }) => {
      if (was !== undefined && online !== was) ledger.turn(online ? "online" : "offline");
      if (online || was !== undefined) was = online;
    }),
  );
  const hear = (channel: keyof Channels & string) => {
    let recovering = false;
    return suona.channel(channel).on({
      message: (data, { offset }) => ledger.hear(channel, data, offset, recovering),
      gap: () => ledger.gap(channel),
      subscribed(how) {
        if (how !== "recovered") return ledger.begin(channel);
        // What was missed follows at once, before anything else can happen.
        recovering = true;
        queueMicrotask(() => (recovering = false));
      },
    });
  };
  const undos = [hear(`device:${PUMP}`), hear(`scan:${GATE}`), hear("orders")];
  let leave = () => {};
  watch(
    () => scene.lot,
    (lot) => {
      leave();
      leave = lot ? hear(`lot:${lot}`) : () => {};
    },
    { immediate: true, flush: "sync" },
  );
  onScopeDispose(() => [...undos, leave].forEach((undo) => undo()));
}

/** A token by the user's own line. What fails here is tried again by the connection. */
async function login(url: string, name: string): Promise<string> {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify({ name }) });
  if (!answer.ok) throw new Error(`the log-in was answered ${answer.status}`);
  return ((await answer.json()) as { token: string }).token;
}
