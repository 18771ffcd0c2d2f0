export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of each pixel, row by row, not premultiplied. */
  readonly rgba: Uint8Array;
}

/**
 * The colour that a picture has most of, as `#rrggbb`: colours are counted in 16 × 16 × 16 groups, each pixel as much as it is opaque,
 * and the fullest group answers its mean. (`stats()` of sharp ignores alpha, and answers the middle of the group.)
 */
export function dominantColor({ rgba }: Pixels): string {
  const groups = new Map<number, [weight: number, red: number, green: number, blue: number]>();
  let fullest: [number, number, number, number] = [0, 0, 0, 0];
  for (let index = 0; index < rgba.length; index += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(index, index + 4);
    const key = ((red >> 4) << 8) | ((green >> 4) << 4) | (blue >> 4);
    const group = groups.get(key) ?? [0, 0, 0, 0];
    groups.set(key, group);
    group[0] += alpha;
    group[1] += alpha * red;
    group[2] += alpha * green;
    group[3] += alpha * blue;
    if (group[0] > fullest[0]) fullest = group;
  }
  const [weight, ...sums] = fullest;
  return `#${sums.map((sum) => hex(weight === 0 ? 0 : Math.round(sum / weight))).join('')}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
