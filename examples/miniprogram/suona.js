// The one connection of the app.
const { createSuona } = require("suona");
const { zh } = require("suona/zh");
const { gateway } = require("./config");
const { login } = require("./login");

exports.suona = createSuona({ url: gateway, getToken: () => login().then(({ token }) => token), words: zh });
