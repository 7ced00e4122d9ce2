/** The few pictures of the page. All of them stand beside words that say the same. */

const paths = {
  horn: "M3 10.5h6.5L20 4v16L9.5 13.5H3zM22 9v6",
  sent: "M12 20V5M6 11l6-6 6 6",
  heard: "M12 4v15M6 13l6 6 6-6",
  recovered: "M4 12a8 8 0 1 0 2.6-5.9M4 4v4.5h4.5M12 8v8M9 13l3 3 3-3",
  gap: "M12 4v9M12 17.5v.5",
  online: "M5 12.5l4.5 4.5L19 7.5",
  offline: "M6 6l12 12M18 6L6 18",
  pause: "M8 5v14M16 5v14",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M5 5l1.7 1.7M17.3 17.3L19 19M5 19l1.7-1.7M17.3 6.7L19 5",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
};

export function Icon({ of }: { of: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[of]} />
    </svg>
  );
}
Icon.props = ["of"];
