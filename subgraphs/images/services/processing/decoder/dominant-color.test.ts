import { describe, expect, it } from '@jest/globals';
import { dominantColor, type Pixels } from './dominant-color.js';

type Rgba = readonly [number, number, number, number];

function draw(width: number, height: number, color: (x: number, y: number) => Rgba): Pixels {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) rgba.set(color(x, y), (y * width + x) * 4);
  return { width, height, rgba };
}

describe('The dominant colour', () => {
  it('is the mean of the fullest group of similar colours', () => {
    const mostlyRed = draw(10, 10, (x, y) => (x < 6 ? [200 + (y % 2) * 2, 10, 10, 255] : [x * 20, y * 20, 200, 255]));
    expect(dominantColor(mostlyRed)).toBe('#c90a0a');
  });

  it('counts pixels as much as they are opaque', () => {
    const picture = draw(10, 10, (x) => (x < 8 ? [0, 0, 255, 40] : [255, 0, 0, 255]));
    expect(dominantColor(picture)).toBe('#ff0000');
  });

  it('of nothing is black', () => {
    expect(dominantColor(draw(4, 4, () => [255, 255, 255, 0]))).toBe('#000000');
  });
});
