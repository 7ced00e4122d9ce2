import { defineComponent, ref } from "vue";
import { useChannel } from "suona/vue";
import { named, texts, timeOfDay } from "../language";
import type { Phone } from "../phone";
import { type Command, type Device as Pump, type DeviceState, PUMP } from "../systems";

/** So many commands are shown. */
const SHOWN = 2;
/** Where the gauge ends, in bar. */
const FULL = 6;

/** Device console: what the device says, what it was told, and how far it has come with that. */
export const Device = defineComponent(
  ({ phone: { suona, act } }: { phone: Phone }) => {
    const title = ref("");
    const state = ref<DeviceState>();
    /** Newest first. */
    const commands = ref<readonly Command[]>([]);

    useChannel(suona, `device:${PUMP}`, {
      async reload() {
        const loaded: Pump = await suona.rpc("device", { serial: PUMP, limit: SHOWN });
        title.value = loaded.title;
        state.value = loaded.state;
        commands.value = loaded.commands;
      },
      message(news) {
        if ("state" in news) state.value = news.state;
        else put(news.command);
      },
    });

    /** A command comes again with each step. What comes late is older than what is known. */
    function put(command: Command) {
      const order = ["queued", "delivered", "done", "failed"];
      const known = commands.value.find(({ id }) => id === command.id);
      if (known && order.indexOf(known.status) >= order.indexOf(command.status)) return;
      const others = commands.value.filter(({ id }) => id !== command.id);
      commands.value = [command, ...others].sort((a, b) => b.at - a.at).slice(0, SHOWN);
    }

    async function turn(to: "on" | "off") {
      const command = await act("turn", { serial: PUMP, turn: to });
      if (command) put(command);
    }

    return () => {
      const { device, running, idle, pressure, on, off, statuses, noCommands } = texts.value;
      const { running: runs = false, pressure: bar = 0 } = state.value ?? {};
      return (
        <section class="panel device">
          <header>
            <h3>{device}</h3>
            <span class="badge" data-on={runs}>
              {runs ? running : idle}
            </span>
          </header>
          <p class="title">{named(title.value) || "…"}</p>
          <p class="figure">
            <span>{pressure}</span>
            <strong>
              {bar.toFixed(1)} <small>bar</small>
            </strong>
          </p>
          <meter class="gauge" min={0} max={FULL} value={bar} aria-label={pressure} />
          <div class="steps">
            <button class="step" disabled={!state.value || runs} onClick={() => turn("on")}>
              {on}
            </button>
            <button class="step" disabled={!state.value || !runs} onClick={() => turn("off")}>
              {off}
            </button>
          </div>
          <ol class="rows">
            {!commands.value.length && <li class="empty">{noCommands}</li>}
            {commands.value.map((command) => (
              <li key={command.id}>
                <span class="who">{command.turn === "on" ? on : off}</span>
                <time>{timeOfDay(command.at)}</time>
                <span class="badge" data-status={command.status}>
                  {statuses[command.status]}
                </span>
              </li>
            ))}
          </ol>
        </section>
      );
    };
  },
  { props: ["phone"] },
);
