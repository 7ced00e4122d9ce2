Component({
  properties: {
    /** What to say; nothing hides the bar. */
    notice: { type: String, value: "" },
  },
});
