import { federation1 } from './federation.js';

/** Subgraphs by their names, of small supergraphs that each exercise a promise of Federation 2. */
export const definitions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'entities with single, several, composite and nested keys': {
    a: `type Query { users: [User!]! user: User orders: [Order] }
        type User @key(fields: "id") @key(fields: "tenant { id } handle") { id: ID! tenant: Tenant! handle: ID! name: String }
        type Tenant { id: ID! region: String }
        type Order @key(fields: "id") { id: ID! buyer: User lines: [Line!] }
        type Line @key(fields: "order { id } nr") { order: Order! nr: ID! text: String }`,
    b: `type User @key(fields: "tenant { id } handle") { tenant: Tenant! handle: ID! age: Int friends: [User!] }
        type Tenant { id: ID! }
        type Line @key(fields: "order { id } nr") { order: Order! nr: ID! price: Int }
        type Order @key(fields: "id") { id: ID! total: Int }`,
    c: `type Query { newest: User }
        type User @key(fields: "id") { id: ID! mail: String best: User }`,
  },
  'keys that lead nowhere': {
    a: `type A @key(fields: "id") @key(fields: "pId", resolvable: false) @key(fields: "compositeId { one two }", resolvable: false)
          @key(fields: "id compositeId { two three }", resolvable: false) { id: ID! pId: ID! compositeId: CompositeID! name: String! }
        type CompositeID { one: ID! two: ID! three: ID! }`,
    b: `type Query { b: B bs: [B] }
        type B @key(fields: "id") { id: ID! a: [A!]! one: A }
        type A @key(fields: "compositeId { one two }", resolvable: false) @key(fields: "id compositeId { two three }")
          @key(fields: "pId", resolvable: false) @key(fields: "id", resolvable: false) {
          id: ID! pId: ID! compositeId: CompositeID! name: String! @external nameInB: String! @requires(fields: "name") }
        type CompositeID { one: ID! two: ID! three: ID! }`,
    c: `type Query { link: A } type A @key(fields: "id", resolvable: false) { id: ID! }`,
  },
  'interfaces and unions': {
    a: `type Query { media: [Media] top: Media! things: [Thing!] book: Book }
        interface Media { id: ID! title: String similar: [Media!] }
        type Book implements Media @key(fields: "id") { id: ID! title: String similar: [Media!] pages: Int author: Author }
        type Film implements Media @key(fields: "id") { id: ID! title: String similar: [Media!] minutes: Int! }
        type Author @key(fields: "id") { id: ID! name: String wrote: [Media] }
        union Thing = Book | Film | Author`,
    b: `type Query { reviews: [Review] anything: Other }
        type Review { stars: Int about: Reviewed by: Author }
        interface Reviewed { id: ID! reviews: [Review!] }
        union Other = Book | Review
        type Book implements Reviewed @key(fields: "id") { id: ID! reviews: [Review!] }
        type Film implements Reviewed @key(fields: "id") { id: ID! reviews: [Review!] trailer: String }
        type Author @key(fields: "id") { id: ID! fans: [Author!] }`,
    c: `interface Media { id: ID! size: Int }
        type Book implements Media @key(fields: "id") { id: ID! size: Int }
        type Film implements Media @key(fields: "id") { id: ID! size: Int format: String }`,
  },
  'interfaces as entities and @interfaceObject': {
    a: `type Query { items: [Item!] item: Item chair: Chair }
        interface Item @key(fields: "id") { id: ID! name: String }
        type Chair implements Item @key(fields: "id") { id: ID! name: String legs: Int! }
        type Table implements Item @key(fields: "id") { id: ID! name: String area: Float }`,
    b: `type Query { cheapest: Item dearest: [Item!]! }
        type Item @key(fields: "id") @interfaceObject { id: ID! price: Int! offers: [Offer!] }
        type Offer { text: String item: Item! }`,
    c: `type Item @key(fields: "id") @interfaceObject { id: ID! label: String stock: Stock }
        type Stock { count: Int at: Item }`,
  },
  '@requires, nested, over lists, of each other and with arguments': {
    a: `type Query { products: [Product!] product: Product posts: [Post] }
        type Product @key(fields: "id") { id: ID! weight: Int price(currency: String): Int parts: [Part!] box: Box category: Category }
        type Part { size: Int tags: [String!] }
        type Box { width: Int depth: Int }
        type Category @key(fields: "id") { id: ID! average(currency: String, digits: Int): Int }
        type Post @key(fields: "id") { id: ID! comments(limit: Int): [Comment!] }
        type Comment @key(fields: "id") { id: ID! author: ID body: String }`,
    b: `type Product @key(fields: "id") {
          id: ID! weight: Int @external price(currency: String): Int @external parts: [Part!] @external box: Box @external
          dollars: Int @requires(fields: "weight price(currency: \\"USD\\")")
          euros: Int @requires(fields: "price(currency: \\"EUR\\") weight")
          bare: Int @requires(fields: "price")
          volume: String! @requires(fields: "parts { size tags } box { width depth }")
          category: Category @external
          rank: Int @requires(fields: "category { id average(currency: \\"EUR\\", digits: 2) }")
          rankToo: Int @requires(fields: "category { average(currency: \\"USD\\", digits: 3) }")
          twin: Product
        }
        type Part @external { size: Int tags: [String!] }
        type Box @external { width: Int depth: Int }
        type Category @key(fields: "id") { id: ID! average(currency: String, digits: Int): Int @external }
        type Post @key(fields: "id") { id: ID! comments(limit: Int): [Comment!] @external firstAuthor: String @requires(fields: "comments(limit: 3) { author }") }
        type Comment @key(fields: "id") { id: ID! author: ID @external }`,
    c: `type Product @key(fields: "id") { id: ID! dollars: Int @external volume: String! @external tax: Int @requires(fields: "dollars") sum: String @requires(fields: "volume dollars") }`,
    d: `type Product @key(fields: "id") { id: ID! tax: Int @external sum: String @external final: Int @requires(fields: "tax sum") }
        type Comment @key(fields: "id") { id: ID! body: String @external spam: Boolean @requires(fields: "body") posts: [Post!] }
        type Post @key(fields: "id") { id: ID! title: String }`,
  },
  '@requires with fragments, of interfaces': {
    a: `type Query { holders: [Holder!] }
        type Holder @key(fields: "id") { id: ID! owner: Owner data: Data }
        interface Owner { id: ID! }
        type Person implements Owner @key(fields: "id") { id: ID! name: String }
        type Company implements Owner @key(fields: "id") { id: ID! number: Int name: String }
        union Data = Text | Picture
        type Text { text: String }
        type Picture { width: Int height: Int }`,
    b: `type Holder @key(fields: "id") {
          id: ID! owner: Owner @external data: Data @external
          summary: String @requires(fields: "owner { id ... on Company { number } ... on Person { name } }")
          shown: String @requires(fields: "data { ... on Text { text } ... on Picture { width height } }")
        }
        interface Owner { id: ID! }
        type Person implements Owner @key(fields: "id") { id: ID! name: String @external loud: String @requires(fields: "name") }
        type Company implements Owner @key(fields: "id") { id: ID! number: Int @external }
        union Data = Text | Picture
        type Text { text: String @external }
        type Picture { width: Int @external height: Int @external }`,
  },
  '@provides, nested, on interfaces and unions': {
    a: `type Query { reviews: [Review!] feed: [Media] @provides(fields: "... on Film { length }") mixed: [Any] @provides(fields: "... on Book { pages }") }
        type Review @key(fields: "id") { id: ID! by: Author @provides(fields: "name") about: Book @provides(fields: "publisher { city }") other: Author }
        type Author @key(fields: "id") { id: ID! name: String @external }
        type Book implements Media @key(fields: "id") { id: ID! pages: Int @external publisher: Publisher @external }
        type Publisher @key(fields: "id") { id: ID! city: String @external }
        type Film implements Media @key(fields: "id") { id: ID! length: Int @external }
        interface Media { id: ID! }
        union Any = Book | Film`,
    b: `type Query { author: Author }
        type Author @key(fields: "id") { id: ID! name: String @shareable age: Int books: [Book!] }
        type Book @key(fields: "id") { id: ID! pages: Int @shareable publisher: Publisher @shareable title: String }
        type Publisher @key(fields: "id") { id: ID! city: String @shareable street: String }
        type Film @key(fields: "id") { id: ID! length: Int @shareable }`,
  },
  'subgraphs written for Federation 1, beside one that is not': {
    a: `${federation1} extend type Query { users: [User!] me: User }
        type User @key(fields: "id") @key(fields: "mail") { id: ID! mail: String name: String address: Address }
        type Address { city: String }`,
    b: `${federation1} extend type User @key(fields: "id") { id: ID! @external name: String @external mail: String @external reviews: [Review!] greeting: String @requires(fields: "name") }
        type Review @key(fields: "id") { id: ID! stars: Int by: User @provides(fields: "mail") }
        type Address { city: String }
        extend type Query { anywhere: Address }`,
    c: `${federation1} extend type Review @key(fields: "id") { id: ID! @external text: String about: [Review!] }
        extend type Query { reviews: [Review] }`,
    d: `type User @key(fields: "mail") { mail: String age: Int }`,
  },
  '@override': {
    a: `type Query { posts: [Post!] old: Post }
        type Post @key(fields: "id") { id: ID! title: String @override(from: "b") body: String likes: Int @override(from: "b", label: "percent(50)") by: User }
        type User @key(fields: "id") { id: ID! }`,
    b: `type Query { feed: [Post!] }
        type Post @key(fields: "id") { id: ID! title: String likes: Int created: String by: User @override(from: "a", label: "flag") }
        type User @key(fields: "id") { id: ID! name: String }`,
  },
  '@inaccessible, @tag and @shareable': {
    a: `type Query { node: Node items: [Item!] @shareable secret: Secret @inaccessible find(by: How, filter: Filter): Item }
        interface Node { id: ID! }
        type Item implements Node @key(fields: "id") @key(fields: "inner") { id: ID! inner: ID! @inaccessible label(lang: String, raw: Boolean @inaccessible): String @tag(name: "t") state: State spot: Spot @shareable }
        type Secret implements Node @inaccessible @key(fields: "id") { id: ID! }
        enum State { ON OFF HIDDEN @inaccessible }
        enum How { NAME ID HIDDEN @inaccessible }
        input Filter { name: String secret: Int @inaccessible limit: Int }
        type Spot { north: Int @shareable east: Int @shareable }`,
    b: `type Query { items: [Item!] @shareable other: Item }
        type Item @key(fields: "inner") { inner: ID! weight: Int spot: Spot @shareable }
        type Spot { north: Int @shareable east: Int @shareable height: Int }`,
  },
  'enums, inputs and scalars that differ by subgraph': {
    a: `type Query { a(kind: Kind, input: In): Thing same(kind: Kind): Kind }
        type Thing @key(fields: "id") { id: ID! kind: Kind when: Date }
        enum Kind { ONE TWO THREE }
        input In { x: Int y: String! onlyA: Boolean }
        scalar Date`,
    b: `type Query { b(kind: Kind!, input: [In!]): [Thing] }
        type Thing @key(fields: "id") { id: ID! kindToo(kind: Kind): Kind flags: [Boolean!] ratio: Float }
        enum Kind { ONE TWO THREE }
        input In { x: Int y: String! }`,
  },
  'cycles, types that two own in part and roots in several places': {
    a: `type Query { a: A viewer: Viewer @shareable }
        type A @key(fields: "id") { id: ID! b: B as: [A!] }
        type B @key(fields: "id") { id: ID! a: A name: String }
        type Viewer @shareable { me: A }
        type Mutation { setA(n: Int!): A touchA: Query }`,
    b: `type Query { b: B viewer: Viewer @shareable }
        type B @key(fields: "id") { id: ID! bs: [B!] size: Int a2: A }
        type A @key(fields: "id") { id: ID! color: String }
        type Viewer @shareable { you: B }
        type Mutation { setB(n: Int): B! }`,
    c: `type A @key(fields: "id") { id: ID! c: C! } type C { text: String! a: A b: B! } type B @key(fields: "id") { id: ID! depth: Int! }`,
  },
  '@requires of an @interfaceObject': {
    a: `type Query { items: [Item!] item: Item chair: Chair }
        interface Item @key(fields: "id") { id: ID! name: String at(lang: String): Place }
        type Chair implements Item @key(fields: "id") { id: ID! name: String at(lang: String): Place legs: Int! }
        type Table implements Item @key(fields: "id") { id: ID! name: String at(lang: String): Place area: Float }
        type Place { row: Int shelf: Int }`,
    b: `type Query { cheapest: Item dearest: [Item!]! }
        type Item @key(fields: "id") @interfaceObject { id: ID! price: Int! twin: Item }`,
    c: `type Query { last: Item }
        type Item @key(fields: "id") @interfaceObject { id: ID! name: String @external at(lang: String): Place @external
          label: String @requires(fields: "name") spot: String @requires(fields: "at(lang: \\"en\\") { row shelf }") }
        type Place @external { row: Int shelf: Int }`,
  },
};
