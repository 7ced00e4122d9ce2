const { suona } = require("./suona");

App({
  onLaunch() {
    suona.start();
  },
});
