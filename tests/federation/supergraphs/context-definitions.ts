import type { definitions } from './definitions.js';

/** The same for what `@fromContext` promises. */
export const contextDefinitions: typeof definitions = {
  '@context of the parent and of what that is in': {
    a: `type Query { shelf: Shelf! shelves: [Shelf] }
        type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! topic(lang: String): String sure: String! room: Room books: [Book!] best: Book }
        type Room { floor: Int number: Int! }
        type Book @key(fields: "id") { id: ID! title: String
          place(topic: String @fromContext(field: "$shelf { topic(lang: \\"en\\") }")): String
          other(topic: String @fromContext(field: "$shelf { topic }"), mine: String @fromContext(field: "$shelf { topic(lang: \\"de\\") }")): String
          floor(of: Int @fromContext(field: "$shelf { room { floor } }"), unit: String): Int
          pages: [Page!] author: Author }
        type Page @key(fields: "id") { id: ID! number: Int line(topic: String @fromContext(field: "$shelf { sure }")): String }
        type Author @key(fields: "id") { id: ID! name: String }`,
    b: `type Author @key(fields: "id") { id: ID! age: Int }
        type Book @key(fields: "id") { id: ID! price: Int }`,
  },
  '@context that another subgraph knows': {
    a: `type Query { shelves: [Shelf] shelf: Shelf }
        type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! topic: String @external label: String @external books: [Book!] book: Book! }
        type Book @key(fields: "id") { id: ID! place(topic: String @fromContext(field: "$shelf { topic }"), label: String @fromContext(field: "$shelf { label }")): String plain: String
          lend(topic: String @fromContext(field: "$shelf { topic }")): Loan }
        type Loan { days: Int by: String }`,
    b: `type Query { topic: Shelf } type Shelf @key(fields: "id") { id: ID! topic: String }
        type Book @key(fields: "id") { id: ID! price: Int }`,
    c: `type Shelf @key(fields: "id") { id: ID! label: String }`,
  },
  '@context of interfaces, unions and several types': {
    a: `type Query { places: [Place!] place: Place any: Any shelf: Shelf }
        interface Place @context(name: "place") { id: ID! name: String }
        type Shelf implements Place @key(fields: "id") @context(name: "own") { id: ID! name: String topic: String books: [Book!] }
        type Box implements Place @key(fields: "id") @context(name: "own") { id: ID! name: String color: String book: Book inner: Shelf }
        union Any @context(name: "any") = Shelf | Box
        type Book @key(fields: "id") { id: ID!
          where(place: String @fromContext(field: "$place { name }")): String
          looks(own: String @fromContext(field: "$own ... on Shelf { topic } ... on Box { color }")): String
          found(any: String @fromContext(field: "$any ... on Shelf { topic } ... on Box { name }")): String
          next: Book }`,
    b: `type Book @key(fields: "id") { id: ID! price: Int }`,
  },
  '@context within another of the same name': {
    a: `type Query { a: A as: [A!] }
        type A @key(fields: "id") @context(name: "near") @context(name: "far") { id: ID! name: String b: B leaf: Leaf }
        type B @key(fields: "id") @context(name: "near") { id: ID! name: String inner: B a: A leaf: Leaf leaves: [Leaf] }
        type Leaf @key(fields: "id") { id: ID! near(n: String @fromContext(field: "$near { name }")): String
          both(n: String @fromContext(field: "$near { name }"), f: String @fromContext(field: "$far { name }")): String b: B }`,
    b: `type Leaf @key(fields: "id") { id: ID! plain: String }
        type B @key(fields: "id") { id: ID! size: Int leafToo: Leaf }`,
  },
  '@context of objects that are known by an interface': {
    a: `type Query @context(name: "c") { lang: String places: [Place!] place: Place any: [Any] book: Book }
        interface Place { id: ID! book: Book }
        type Shelf implements Place @key(fields: "id") @context(name: "c") @context(name: "own") { id: ID! lang: String topic: String book: Book books: [[Book]] }
        type Box implements Place @key(fields: "id") @context(name: "own") { id: ID! color: String book: Book }
        union Any @context(name: "own") = Shelf | Box | Sheet
        type Sheet @key(fields: "id") { id: ID! book: Book }
        type Book @key(fields: "id") { id: ID! looks(own: String @fromContext(field: "$c { lang }")): String place: Place }`,
    b: `type Book @key(fields: "id") { id: ID! price: Int } type Box @key(fields: "id") { id: ID! inner: Inner } type Inner { name: String book: Book }`,
  },
  '@context beside @requires, nested and in several subgraphs': {
    a: `type Query { t: T ts: [T!] }
        type T @key(fields: "id") @context(name: "t") @context(name: "tt") { id: ID! one: String @external two: Two @external u: U us: [U!] m: Mid }
        type Two @external { deep: Int deeper: Three }
        type Three @external { list: [String!] }
        type Mid { u: U us: [U] x: String }
        type U @key(fields: "id") { id: ID! weight: Int @external
          f(a: String @fromContext(field: "$t { one }")): String
          g(a: Int @fromContext(field: "$tt { two { deep } }"), b: [String] @fromContext(field: "$t { two { deeper { list } } }")): String @requires(fields: "weight")
          v: V }
        type V @key(fields: "id") { id: ID! h(a: String @fromContext(field: "$t { one }")): String back: T }`,
    b: `type Query { s: T }
        type T @key(fields: "id") @context(name: "b") { id: ID! one: String two: Two vs: [V!] }
        type Two { deep: Int deeper: Three }
        type Three { list: [String!] }
        type U @key(fields: "id") { id: ID! weight: Int ut: T }
        type V @key(fields: "id") { id: ID! i(a: String @fromContext(field: "$b { one }")): String }`,
    c: `type V @key(fields: "id") { id: ID! vu: U }
        type U @key(fields: "id") { id: ID! size: Int }`,
  },
};
