export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of each pixel, row by row, not premultiplied. */
  readonly rgba: Uint8Array;
}

interface Channel {
  /** The mean. */
  readonly dc: number;
  /** The lowest frequencies, each between 0 and 1. */
  readonly ac: readonly number[];
  readonly scale: number;
}

/**
 * A ThumbHash of pictures within 100 × 100 pixels: some 25 bytes of which a client draws a blurred picture. The format, and these
 * formulas, are Evan Wallace's (evanw/thumbhash, MIT): luminance, two colour differences and alpha as their lowest frequencies.
 */
export function thumbHash({ width, height, rgba }: Pixels): Uint8Array {
  const average = averageOf(rgba);
  const hasAlpha = average.alpha < width * height;
  const isLandscape = width > height;
  const longest = Math.max(width, height);
  // With alpha, fewer bits are left for luminance.
  const limit = hasAlpha ? 5 : 7;
  const lx = Math.max(1, Math.round((limit * width) / longest));
  const ly = Math.max(1, Math.round((limit * height) / longest));

  const planes = toPlanes(rgba, average);
  const encode = (plane: Float64Array, nx: number, ny: number) => encodeChannel(plane, { width, height, nx, ny });
  const l = encode(planes.l, Math.max(3, lx), Math.max(3, ly));
  const p = encode(planes.p, 3, 3);
  const q = encode(planes.q, 3, 3);
  const a = hasAlpha ? encode(planes.a, 5, 5) : null;

  const header24 =
    Math.round(63 * l.dc) |
    (Math.round(31.5 + 31.5 * p.dc) << 6) |
    (Math.round(31.5 + 31.5 * q.dc) << 12) |
    (Math.round(31 * l.scale) << 18) |
    (Number(hasAlpha) << 23);
  const header16 =
    (isLandscape ? ly : lx) | (Math.round(63 * p.scale) << 3) | (Math.round(63 * q.scale) << 9) | (Number(isLandscape) << 15);
  const bytes = [header24 & 255, (header24 >> 8) & 255, header24 >> 16, header16 & 255, header16 >> 8];
  if (a !== null) bytes.push(Math.round(15 * a.dc) | (Math.round(15 * a.scale) << 4));

  const nibbles = [l, p, q, ...(a === null ? [] : [a])].flatMap(({ ac }) => ac.map((value) => Math.round(15 * value)));
  for (let index = 0; index < nibbles.length; index += 2) bytes.push((nibbles[index] ?? 0) | ((nibbles[index + 1] ?? 0) << 4));
  return Uint8Array.from(bytes);
}

interface Average {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  /** The sum over all pixels. */
  readonly alpha: number;
}

function averageOf(rgba: Uint8Array): Average {
  let [red, green, blue, sum] = [0, 0, 0, 0];
  for (let index = 0; index < rgba.length; index += 4) {
    const alpha = at(rgba, index + 3) / 255;
    red += (alpha / 255) * at(rgba, index);
    green += (alpha / 255) * at(rgba, index + 1);
    blue += (alpha / 255) * at(rgba, index + 2);
    sum += alpha;
  }
  return sum === 0 ? { red, green, blue, alpha: 0 } : { red: red / sum, green: green / sum, blue: blue / sum, alpha: sum };
}

/** Luminance, yellow − blue, red − green, alpha; what is transparent shows the average colour. */
function toPlanes(rgba: Uint8Array, average: Average): Record<'l' | 'p' | 'q' | 'a', Float64Array> {
  const count = rgba.length / 4;
  const [l, p, q, a] = [new Float64Array(count), new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let pixel = 0; pixel < count; pixel += 1) {
    const index = pixel * 4;
    const alpha = at(rgba, index + 3) / 255;
    const red = average.red * (1 - alpha) + (alpha / 255) * at(rgba, index);
    const green = average.green * (1 - alpha) + (alpha / 255) * at(rgba, index + 1);
    const blue = average.blue * (1 - alpha) + (alpha / 255) * at(rgba, index + 2);
    l[pixel] = (red + green + blue) / 3;
    p[pixel] = (red + green) / 2 - blue;
    q[pixel] = red - green;
    a[pixel] = alpha;
  }
  return { l, p, q, a };
}

/** A discrete cosine transform of the plane, of which the lowest `nx` × `ny` frequencies above the diagonal are kept. */
function encodeChannel(plane: Float64Array, { width, height, nx, ny }: { width: number; height: number; nx: number; ny: number }): Channel {
  let dc = 0;
  let scale = 0;
  const ac: number[] = [];
  for (let cy = 0; cy < ny; cy += 1) {
    for (let cx = 0; cx * ny < nx * (ny - cy); cx += 1) {
      let sum = 0;
      const fx = Float64Array.from({ length: width }, (_, x) => Math.cos((Math.PI / width) * cx * (x + 0.5)));
      for (let y = 0; y < height; y += 1) {
        const fy = Math.cos((Math.PI / height) * cy * (y + 0.5));
        for (let x = 0; x < width; x += 1) sum += at(plane, x + y * width) * at(fx, x) * fy;
      }
      sum /= width * height;
      if (cx === 0 && cy === 0) dc = sum;
      else {
        ac.push(sum);
        scale = Math.max(scale, Math.abs(sum));
      }
    }
  }
  return { dc, ac: scale === 0 ? ac : ac.map((value) => 0.5 + (0.5 / scale) * value), scale };
}

function at(values: Uint8Array | Float64Array, index: number): number {
  return values[index] ?? 0;
}
