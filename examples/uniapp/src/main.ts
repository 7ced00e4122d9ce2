import { createPinia } from "pinia";
import { createSSRApp } from "vue";
import App from "./App.vue";
// #ifdef H5
import "./keyboard";
// #endif

export function createApp() {
  const app = createSSRApp(App);
  app.use(createPinia());
  return { app };
}
