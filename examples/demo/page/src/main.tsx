/** The demo's page: two phones side by side, and what happens to their lines. */

import { createApp } from "vue";
import { App } from "./app";
import { watchScene } from "./scene";

watchScene();
createApp(App).mount("#page");
