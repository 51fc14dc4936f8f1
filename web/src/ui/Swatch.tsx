/** A colour as a small dot. An SVG fill, because the page's policy allows no style attributes in markup. */
export const Swatch = ({ color, size = 16 }: { color: string; size?: number }) => (
  <svg className="swatch" viewBox="0 0 16 16" width={size} height={size} role="img" aria-label={color}>
    <circle cx="8" cy="8" r="7.5" fill={color} />
  </svg>
)
