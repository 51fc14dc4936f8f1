/** The page's own small set: 24 × 24, drawn with the text's colour. Always decorative: labels stand beside them. */
const PATHS = {
  make: 'M12 3v18M3 12h18',
  mine: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  credits: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.500l4.500 4.500-4.500 4.500L7.500 12z',
  photo: 'M4 6h16v13H4zM4 16l5-5 4 4 3-3 4 4M15.500 9.500h.01',
  camera: 'M4 8h4l1.500-3h5L16 8h4v11H4zM12 10.500a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  send: 'M5 12h13M12.500 6l6 6-6 6',
  close: 'M6 6l12 12M18 6L6 18',
  download: 'M12 4v11M7 10.500l5 5 5-5M5 20h14',
  turntable: 'M4 12c0-2.500 3.600-4.500 8-4.500s8 2 8 4.500-3.600 4.500-8 4.500M14.500 13.500l-3 3 3 3',
  wireframe: 'M12 3l8 4.500v9L12 21l-8-4.500v-9zM12 3v18M4 7.500l16 9M20 7.500l-16 9',
  zoomIn: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20M11 8.500v5M8.500 11h5',
  zoomOut: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20M8.500 11h5',
  reset: 'M5 12a7 7 0 1 0 2.200-5.100M5 4.500v4h4',
  light: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v1.500M12 19.500V21M3 12h1.500M19.500 12H21M5.600 5.600l1.100 1.100M17.300 17.300l1.100 1.100M5.600 18.400l1.100-1.100M17.300 6.700l1.100-1.100',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  warning: 'M12 4l9 16H3zM12 10v5M12 17.500h.01',
  info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8h.01',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.500l3 2',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  eye: 'M3 12s3.300-6 9-6 9 6 9 6-3.300 6-9 6-9-6-9-6zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20.500c.800-3.600 3.800-5.500 7.500-5.500s6.700 1.900 7.500 5.500',
  logout: 'M14 4h5v16h-5M15 12H5M9 8l-4 4 4 4',
  down: 'M6 9l6 6 6-6',
  again: 'M19 12a7 7 0 1 1-2.200-5.100M19 4.500v4h-4',
  fork: 'M7 5.500v13M7 12c0-2.500 2-3.500 5-3.500s5-1 5-3M7 4a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zM17 3a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3zM7 17a1.500 1.500 0 1 0 0 3 1.500 1.500 0 0 0 0-3z',
  compare: 'M4 5h6.500v14H4zM13.500 5H20v14h-6.500M12 3v18',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.500 15.500L20 20',
  appearance: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 4v16M12 8l5-1.700M12 12h8M12 16l5 1.700',
  operator: 'M4 19v-6M9.300 19V6M14.700 19v-9M20 19V4',
  skip: 'M6 6l7 6-7 6zM17 6v12',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" width={`${size / 16}rem`} height={`${size / 16}rem`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
