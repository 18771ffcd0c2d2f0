/** What `subscription.ts` asks for, as a subgraph of its own. */
export const feedSchema = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { feed: String }
  type Subscription { presence(input: PresenceInput!, since: String): PresenceMessage! }
  input PresenceInput { friends: Boolean = false userIds: [ID!] = [] }
  union PresenceMessage = PresenceSnapshot | PresenceChanged | PresenceResync | PresenceRemoved
  type PresenceSnapshot { cursor: String! entries: [PresenceEntry!]! }
  type PresenceChanged { cursor: String! entries: [PresenceEntry!]! }
  type PresenceResync { cursor: String! entries: [PresenceEntry!]! }
  type PresenceRemoved { cursor: String! user: User reason: PresenceRemovedReason! }
  enum PresenceRemovedReason { UNFRIENDED BLOCKED DELETED }
  type PresenceEntry { user: User! availability: Availability! activity: Activity statusMessage: String lastSeenAt: String version: Int! }
  enum Availability { ONLINE AWAY BUSY OFFLINE }
  type Activity { kind: ActivityKind! gameId: String text: String joinable: Boolean! since: String! data: [ActivityPair!]! }
  enum ActivityKind { NONE LOBBY IN_GAME }
  type ActivityPair { key: String! value: String! }
  type User @key(fields: "id") { id: ID! }`;

export const feedSecret = 'only-for-measurements-only-for-measurements';
