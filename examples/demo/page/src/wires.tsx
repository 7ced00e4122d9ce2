import { defineComponent } from "vue";
import { Icon } from "./icons";
import { named, texts } from "./language";
import type { Phone } from "./phone";
import { scene, turn } from "./scene";

/** The two lines with the gateway between them, and everything that can be done to them. */
export const Wires = defineComponent(
  ({ phones }: { phones: Phone[] }) =>
    () => (
      <section class="wires" aria-label={texts.value.lines}>
        {phones.map((phone) => [<End phone={phone} />, <Wire phone={phone} />])}
        <Gateway />
      </section>
    ),
  { props: ["phones"] },
);

function End({ phone: { user } }: { phone: Phone }) {
  return (
    <div class="end" data-user={user.id}>
      <Face phone={{ user }} />
      <span>{named(user.name)}</span>
    </div>
  );
}
End.props = ["phone"];

/** The first letter of a name, in the colour of its user. */
export function Face({ phone: { user } }: { phone: Pick<Phone, "user"> }) {
  return (
    <span class="face" data-user={user.id} aria-hidden="true">
      {named(user.name).slice(0, 1)}
    </span>
  );
}
Face.props = ["phone"];

/** Two ends that hang down. */
const CUT = "M0 16H26C34 16 38 20 40 30M100 16H74C66 16 62 20 60 30";

function Wire({ phone: { user, ledger } }: { phone: Phone }) {
  const whole = !scene.cut.includes(user.id);
  return (
    <div class="wire" data-user={user.id} data-whole={whole} data-live={whole && !scene.backIn}>
      <div class="cable">
        <svg viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">
          <path d={whole ? "M0 16H100" : CUT} />
        </svg>
        {!whole && <Icon of="offline" />}
        <i class="spark up" key={`up ${ledger.sent}`} data-idle={!ledger.sent} />
        <i class="spark down" key={`down ${ledger.heard}`} data-idle={!ledger.heard} />
      </div>
      <button
        class="switch"
        role="switch"
        aria-checked={whole}
        aria-label={texts.value.line(named(user.name))}
        onClick={() => turn({ line: { user: user.id, whole: !whole } })}
      >
        <span class="track" />
        <span>{whole ? texts.value.whole : texts.value.cut}</span>
      </button>
    </div>
  );
}
Wire.props = ["phone"];

function Gateway() {
  const { gateway, gatewayRuns, gatewayAway, gatewayBack, stop, stopHint, robot, scanner } = texts.value;
  const away = scene.backIn > 0;
  return (
    <div class="gateway" data-away={away}>
      <h2>{gateway}</h2>
      <p class="standing">
        <span role="status">{away ? gatewayAway : gatewayRuns}</span>
        {away && <span role="timer">{gatewayBack(scene.backIn)}</span>}
      </p>
      <button class="stop" disabled={away} onClick={() => turn("stop")}>
        {stop}
      </button>
      <p class="hint">{stopHint}</p>
      <div class="lives">
        <Toggle on={scene.robot} label={robot} turn={(on: boolean) => turn({ robot: on })} />
        <Toggle on={scene.scanner} label={scanner} turn={(on: boolean) => turn({ scanner: on })} />
      </div>
    </div>
  );
}

function Toggle({ on, label, turn }: { on: boolean; label: string; turn: (on: boolean) => void }) {
  return (
    <button class="switch" role="switch" aria-checked={on} onClick={() => turn(!on)}>
      <span class="track" />
      <span>{label}</span>
    </button>
  );
}
Toggle.props = ["on", "label", "turn"];
