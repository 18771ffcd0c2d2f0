/** Longer names differ in what search does not look at. Bounds the key of an index, which Postgres limits to 2,700 bytes. */
const longestFolded = 128;

/**
 * A name in the form in which names are compared: without regard to case, to compatibility forms (such as wide letters) and to how wide
 * a blank is. In JavaScript and not by SQL's `lower()`, which depends on the locale of the database and knows only ASCII in PGlite.
 */
export function foldName(name: string): string {
  const folded = name
    .normalize('NFKC')
    .toLowerCase()
    // Lower case makes ς of a Σ at the end of a word alone, so that the beginning of a name would not be its prefix.
    .replaceAll('ς', 'σ')
    .normalize('NFKC')
    .replace(/\s+/gu, ' ');
  return Array.from(folded).slice(0, longestFolded).join('');
}
