/** Line icons, drawn for this page. */
const PATHS = {
  play: "M8 5.5v13l10.500-6.500z",
  close: "M6 6l12 12M18 6 6 18",
  download: "M12 4v11m0 0 4.500-4.500M12 15l-4.500-4.500M5 19.500h14",
  link: "M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l.8 12.500h8.400L17 7",
  pause: "M9 6v12M15 6v12",
  retry: "M19 12a7 7 0 1 1-2.300-5.200M19 4v4h-4",
  upload: "M12 16V5m0 0 4.500 4.500M12 5 7.500 9.500M5 19.500h14",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.500 20a7.500 7.500 0 0 1 15 0",
  leave: "M14 5H6v14h8M10.500 12H20m0 0-3.500-3.500M20 12l-3.500 3.500",
  back: "M19.500 12H5m0 0 5.500 5.500M5 12l5.500-5.500",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  check: "M5 12.500 10 17.500 19.500 7",
  alert: "M12 8v5m0 3.500v.01M12 3 2.500 20h19z",
  bell: "M6.500 16V11a5.500 5.500 0 0 1 11 0v5l1.500 2H5zM10 20.500a2.100 2.100 0 0 0 4 0M12 5.500V3.500",
  pencil: "M5 19l.8-3.800L16 5l3 3L8.800 18.200 5 19ZM13.500 7.500l3 3",
  options: "M4 8h9m4 0h3M4 16h3m4 0h9M15 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM9 18.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13ZM20 20l-4.700-4.700",
  wave: "M4 10v4M8 6v12M12 9v6M16 4v16M20 10v4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M6.300 13v6M11.300 8v16M16.300 11.500v9M21.300 6.500v19M25.800 14v4" />
    </svg>
  );
}
