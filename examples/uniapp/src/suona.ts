/** The one connection of the app. */

import { createSuona } from "suona";
import { uniPlatform } from "suona/uni";
import { zh } from "suona/zh";
import { login } from "./login";
import type { Channels, Methods } from "./systems";

export const suona = createSuona<Channels, Methods>({
  url: import.meta.env.VITE_GATEWAY,
  platform: uniPlatform({ connect: (options) => uni.connectSocket(options) }),
  getToken: login,
  words: zh,
});
