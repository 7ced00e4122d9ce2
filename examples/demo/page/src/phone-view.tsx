import { defineComponent } from "vue";
import { useStatus } from "suona/vue";
import { named, texts } from "./language";
import { Log } from "./log";
import { Device } from "./panels/device";
import { Orders } from "./panels/orders";
import { Quotation } from "./panels/quotation";
import { Scans } from "./panels/scans";
import type { Phone } from "./phone";
import { Face } from "./wires";

/** One phone: its four systems, the notice of the SDK, and the log. */
export const PhoneView = defineComponent(
  ({ phone }: { phone: Phone }) => {
    const { online, notice } = useStatus(phone.suona);
    return () => (
      <section class="phone" data-user={phone.user.id} aria-label={named(phone.user.name)}>
        <header class="bar">
          <Face phone={phone} />
          <h2>{named(phone.user.name)}</h2>
          <p class="notice" role="status">
            {notice.value && (
              <>
                <strong>{notice.value}</strong> {texts.value.noticeHint}
              </>
            )}
          </p>
          <span class="pill" data-on={online.value}>
            {online.value ? texts.value.online : texts.value.offline}
          </span>
        </header>
        <div class="panels">
          <Quotation phone={phone} />
          <Device phone={phone} />
          <Scans phone={phone} />
          <Orders phone={phone} />
        </div>
        <Log phone={phone} />
      </section>
    );
  },
  { props: ["phone"] },
);
