import { computed, defineComponent, ref } from "vue";
import { useChannel, useCountdown, useStatus } from "suona/vue";
import { SHOWN, withBid } from "../bids";
import { refusal } from "../describe";
import { Icon } from "../icons";
import { clock, money, named, texts, timeOfDay } from "../language";
import type { Phone } from "../phone";
import { scene } from "../scene";
import type { Bid, Lot } from "../systems";

/** By how much one bids less, in yuan. */
const STEPS = [10, 50, 200];

/** Live quotation: the bids on one lot, best first, and one's own next bid. */
export const Quotation = defineComponent(
  ({ phone: { suona, user, act, refusal: refused } }: { phone: Phone }) => {
    const { online } = useStatus(suona);
    const about = ref<Lot>();
    const bids = ref<readonly Bid[]>([]);
    /** One's own prices that are not answered yet. */
    const pending = ref<readonly number[]>([]);
    const price = ref("");
    const left = useCountdown(suona, () => about.value?.endAt ?? 0);
    const best = computed(() => bids.value[0]?.price ?? about.value?.best ?? 0);
    const next = computed(() => Math.min(best.value, ...pending.value));

    // At first, and whenever bids may have been missed. What comes meanwhile waits, and may be among what was loaded.
    useChannel(suona, () => (scene.lot ? (`lot:${scene.lot}` as const) : ""), {
      async reload() {
        const { lot } = scene;
        const [loaded, all] = await Promise.all([suona.rpc("lot", { lot }), suona.rpc("bids", { lot, limit: SHOWN })]);
        if (lot === scene.lot) [about.value, bids.value] = [loaded, all];
      },
      message: add,
    });

    function add(bid: Bid) {
      bids.value = withBid(bids.value, bid);
    }

    /** Also offline: it waits, and is one bid however often it has to be said. */
    async function offer(amount: number) {
      const { lot } = scene;
      pending.value = [...pending.value, amount];
      const bid = await act("bid", { lot, price: amount });
      pending.value = pending.value.filter((other) => other !== amount);
      if (bid && lot === scene.lot) add(bid);
    }

    function submit(event: Event) {
      event.preventDefault();
      void offer(Number(price.value));
      price.value = "";
    }

    const isOpen = () => !!about.value && left.value > 0;

    return () => (
      <section class="panel quotation">
        <header>
          <h3>{texts.value.quotation}</h3>
          {about.value && (
            <span class="clock" data-stopped={!online.value}>
              {!online.value && <Icon of="pause" />}
              <span class="left">{left.value ? clock(left.value) : texts.value.over}</span>
              {!online.value && <span class="why">{texts.value.stopped}</span>}
            </span>
          )}
        </header>
        <p class="title">{about.value ? named(about.value.title) : "…"}</p>
        <p class="figure">
          <span>{bids.value.length ? texts.value.best : texts.value.ceiling}</span>
          <strong>{money(best.value)}</strong>
        </p>
        <div class="steps">
          {STEPS.map((step) => (
            <button
              class="step"
              disabled={!isOpen() || next.value <= step}
              aria-label={texts.value.less(step)}
              onClick={() => offer(next.value - step)}
            >
              − {step}
            </button>
          ))}
        </div>
        <form class="own" onSubmit={submit}>
          <input
            inputmode="decimal"
            aria-label={texts.value.price}
            placeholder={texts.value.price}
            value={price.value}
            disabled={!isOpen()}
            onInput={(event: Event) => (price.value = (event.target as HTMLInputElement).value)}
          />
          <button class="main" disabled={!isOpen() || !Number(price.value)}>
            {texts.value.bid}
          </button>
        </form>
        <p class="aside" role="status">
          {pending.value.length ? texts.value.underWay(pending.value.length) : refused.value && refusal(refused.value)}
        </p>
        <div class="window">
          <ol class="rows bids" tabindex="0" aria-label={texts.value.bids}>
            {!bids.value.length && <li class="empty">{texts.value.noBids}</li>}
            {bids.value.map((bid, at) => (
              <li key={bid.id} data-bid={bid.id} data-mine={bid.supplier === user.name}>
                <span class="who" data-supplier={bid.supplier}>
                  {named(bid.supplier)}
                  {bid.supplier === user.name && <small>{texts.value.me}</small>}
                </span>
                {at === 0 ? <span class="badge">{texts.value.lowest}</span> : <time>{timeOfDay(bid.at)}</time>}
                <span class="amount">{money(bid.price)}</span>
              </li>
            ))}
          </ol>
        </div>
      </section>
    );
  },
  { props: ["phone"] },
);
