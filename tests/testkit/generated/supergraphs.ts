/** Small supergraphs that between them have everything that executing a plan can meet. */
export const supergraphs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'people and where they are': {
    users: `
      type Query { users(from: Int): [User!]! user(id: ID!): User matrix: [[User]] strict: Strict }
      type Mutation { rename(id: ID!, name: String): Renamed touch: User! }
      type Renamed { user: User! query: Query note: String }
      type Strict { id: ID! inner: Strict! list: [Strict!]! word: String! }
      type User @key(fields: "id") { id: ID! name: String! nick: String mood: Mood data: Json friends: [User!] best: User! rows: [[Int!]!] }
      enum Mood { GOOD BAD SECRET @inaccessible }
      scalar Json`,
    presence: `
      type Mutation { wave: User }
      type User @key(fields: "id") { id: ID! presence: Presence lastWave: Float! }
      type Presence { online: Boolean! since: String watchers: [User]! }`,
    sessions: `
      type Query { sessionCount: Int! newest: Session }
      type User @key(fields: "id") { id: ID! sessions: [Session!]! main: Session }
      type Session @key(fields: "id") { id: ID! device: String! user: User! }`,
  },
  'kinds of media': {
    catalogue: `
      type Query { media: [Media] top: Media! anything: [Thing!]! book(id: ID!): Book }
      interface Media { id: ID! title: String! size: Int }
      interface Named { title: String! }
      type Book implements Media & Named @key(fields: "id") { id: ID! title: String! size: Int pages: Int! x: Int author: Author }
      type Film implements Media & Named @key(fields: "id") { id: ID! title: String! size: Int minutes: Int x: String! cast: [Author!]! }
      type Secret implements Media @key(fields: "id") @inaccessible { id: ID! title: String! size: Int }
      type Author @key(fields: "id") { id: ID! name: String! wrote: [Media!] }
      union Thing = Book | Film | Author`,
    reviews: `
      type Query { reviews: [Review] }
      type Review { id: ID! stars: Int! about: Thing on: Reviewed by: Author }
      interface Reviewed { id: ID! reviews: [Review!]! }
      union Thing = Book | Author
      type Book implements Reviewed @key(fields: "id") { id: ID! reviews: [Review!]! }
      type Film implements Reviewed @key(fields: "id") { id: ID! reviews: [Review!]! trailer: String }
      type Author @key(fields: "id") { id: ID! reviews: [Review!]! }`,
    shipping: `
      type Book @key(fields: "id") { id: ID! size: Int @external pages: Int! @external weight: Int @requires(fields: "size pages") }
      type Film @key(fields: "id") { id: ID! size: Int @external weight: Float! @requires(fields: "size") }`,
  },
  'interfaces known as objects': {
    catalogue: `
      type Query { items: [Item!] item: Item }
      interface Item @key(fields: "id") { id: ID! name: String }
      type Chair implements Item @key(fields: "id") { id: ID! name: String legs: Int! }
      type Table implements Item @key(fields: "id") { id: ID! name: String area: Float }`,
    prices: `
      type Query { cheapest: Item dearest: [Item!]! }
      type Item @key(fields: "id") @interfaceObject { id: ID! price: Int! offers: [Offer!] }
      type Offer { text: String item: Item! }`,
  },
  'values that several give': {
    one: `
      type Query { place: Place @shareable places: [Place!]! @shareable here: Here }
      type Place @shareable { name: String }
      type Here @key(fields: "id") { id: ID! spot: Spot @shareable }
      type Spot { north: Int @shareable east: Int }`,
    two: `
      type Query { place: Place @shareable places: [Place!]! @shareable there: Here }
      type Place @shareable { name: String }
      type Here @key(fields: "id") { id: ID! spot: Spot @shareable label: String }
      type Spot { north: Int @shareable height: Int }`,
  },
};

const imports = [
  '@key',
  '@external',
  '@requires',
  '@provides',
  '@shareable',
  '@inaccessible',
  '@interfaceObject',
  '@context',
  '@fromContext',
  '@authenticated',
];
const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify(imports)})`;

/** For `compose`. */
export function federated(typeDefs: Readonly<Record<string, string>>): { name: string; url: string; typeDefs: string }[] {
  return Object.entries(typeDefs).map(([name, text]) => ({ name, url: `http://${name}.test`, typeDefs: `${link}\n${text}` }));
}
