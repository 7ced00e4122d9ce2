// Who the user is: the backend turns the code of `wx.login` into a token for the gateway.
const { backend } = require("./config");

const code = () =>
  new Promise((resolve, reject) => wx.login({ success: (answer) => resolve(answer.code), fail: reject }));

const post = (path, data) =>
  new Promise((resolve, reject) =>
    wx.request({
      url: backend + path,
      method: "POST",
      data,
      success: (answer) => resolve(answer.data),
      fail: reject,
    }),
  );

/** What was last logged in as, once that is known. */
exports.me = "";

/** `{ token, user }`. What fails here is tried again by the connection. */
exports.login = async () => {
  const answer = await post("/login", { code: await code() });
  if (answer.error) throw new Error(answer.error.message);
  exports.me = answer.user;
  return answer;
};
