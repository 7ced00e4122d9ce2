import { defineComponent, ref } from "vue";
import { Icon } from "./icons";
import { choose, language, named, paint, texts, theme } from "./language";
import { type User, usePhone, users } from "./phone";
import { PhoneView } from "./phone-view";
import { scene } from "./scene";
import { Wires } from "./wires";

/** The whole page. */
export const App = defineComponent(() => {
  const phones = users.map(usePhone);
  /** Whose phone is shown where there is room for one only. */
  const shown = ref<User["id"]>(users[0].id);
  return () => (
    <>
      <a class="skip" href="#phones">
        {texts.value.skip}
      </a>
      <Header />
      <main>
        {scene.running ? null : (
          <p class="ended" role="alert">
            {texts.value.ended}
          </p>
        )}
        <Wires phones={phones} />
        <div class="tabs" role="radiogroup" aria-label={texts.value.choose}>
          {users.map(({ id, name }) => (
            <label class="tab" data-user={id}>
              <input type="radio" name="phone" checked={shown.value === id} onChange={() => (shown.value = id)} />
              <span>{named(name)}</span>
            </label>
          ))}
        </div>
        <div class="phones" id="phones" data-shown={shown.value} tabindex="-1">
          {phones.map((phone) => (
            <PhoneView key={phone.user.id} phone={phone} />
          ))}
        </div>
      </main>
    </>
  );
});

function Header() {
  const { claim, lead, language: other, languageLabel, dark, light } = texts.value;
  const next = theme.value === "dark" ? "light" : "dark";
  return (
    <header class="head">
      <div class="brand">
        <span class="mark">
          <Icon of="horn" />
        </span>
        <span class="name">
          Suona <span lang="zh-CN">唢呐</span>
        </span>
      </div>
      <div class="settings">
        <button
          class="quiet"
          lang={language.value === "zh" ? "en" : "zh-CN"}
          aria-label={languageLabel}
          onClick={() => choose(language.value === "zh" ? "en" : "zh")}
        >
          {other}
        </button>
        <button class="quiet" onClick={() => paint(next)}>
          <Icon of={next === "dark" ? "moon" : "sun"} />
          <span>{next === "dark" ? dark : light}</span>
        </button>
      </div>
      <div class="pitch">
        <h1>{claim}</h1>
        <p>{lead}</p>
      </div>
    </header>
  );
}
