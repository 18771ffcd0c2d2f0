import { emptyHeaders } from './headers.js';
import { placeholders } from './notes.js';

/** An example operation: one tab of the first visit. */
export interface Example {
  query: string;
  variables: string;
  headers: string;
}

function example(query: string, variables: Readonly<Record<string, unknown>> = {}): Example {
  return { query: `${query.trim()}\n`, variables: JSON.stringify(variables, null, 2), headers: emptyHeaders };
}

/** The main job, step by step: join, sign in, be someone, find someone, watch them come and go, show a picture. */
export const examples: readonly [Example, ...Example[]] = [
  example(
    `
# 1 of 7 · Create an account.
#
# Press the play button, or Ctrl-Enter. Name and
# password are in the Variables tab below. Is the
# name taken? Choose another one there.
#
# The access token of the answer goes into the
# Headers tab of every example by itself, until
# you close this browser tab.

mutation Register($input: RegisterInput!) {
  register(input: $input) {
    ... on AuthPayload {
      accessToken
      refreshToken
      expiresAt
      user {
        id
        username
      }
    }
    ... on UserError {
      code
      message
    }
    ... on InvalidInputError {
      fields {
        path
        message
      }
    }
  }
}
`,
    { input: { username: 'alice', email: 'alice@example.com', password: 'correct horse battery staple', device: 'GraphiQL' } },
  ),
  example(
    `
# 2 of 7 · Sign in, by name or e-mail address.
#
# Right after Register you are signed in already.
# But access tokens last 10 minutes: come back
# here then, or give the refresh token to
# refreshSession.

mutation Login($input: LoginInput!) {
  login(input: $input) {
    ... on AuthPayload {
      accessToken
      refreshToken
      expiresAt
      session {
        id
        device
      }
    }
    ... on UserError {
      code
      message
    }
  }
}
`,
    { input: { identifier: 'alice', password: 'correct horse battery staple', device: 'GraphiQL' } },
  ),
  example(`
# 3 of 7 · Who am I?
#
# One query, four services: account, profile,
# avatar and presence each come from the service
# that owns them.
#
# The Headers tab below shows how a client says
# who it is. Without a token, "me" is null.

query Me {
  me {
    id
    username
    email
    roles
    createdAt
    displayName
    bio
    avatar {
      url
    }
    presence {
      availability
      devices
    }
  }
  mySessions {
    id
    device
    lastSeenAt
    current
  }
}
`),
  example(
    `
# 4 of 7 · Tell others about yourself.
#
# A field left out stays; null clears it.

mutation UpdateProfile($input: UpdateProfileInput!) {
  updateProfile(input: $input) {
    ... on UpdateProfilePayload {
      user {
        id
        username
        displayName
        bio
        locale
      }
    }
    ... on InvalidInputError {
      message
      fields {
        path
        message
      }
    }
  }
}
`,
    { input: { displayName: 'Alice of Andromeda', bio: 'Maps nebulae, plays chess.', locale: 'en' } },
  ),
  example(
    `
# 5 of 7 · Find people.
#
# userByUsername is exact but for capitals;
# searchUsers takes the beginning of a username or
# display name.
#
# Nobody else here yet? Open this page in a second
# browser tab, and register as "bob" there.

query FindPeople($name: String!) {
  userByUsername(username: $name) {
    ...Person
  }
  searchUsers(query: $name, first: 10) {
    nodes {
      ...Person
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}

fragment Person on User {
  id
  username
  displayName
  avatar {
    url
  }
}
`,
    { name: 'bob' },
  ),
  example(
    `
# 6 of 7 · Watch people come and go.
#
# First comes everyone you follow as they are now,
# then whoever changes. The id in the Variables tab
# is the one that FindPeople found.
#
# Let "bob" run this example too, in the second
# browser tab, and stop it again: here he comes
# online and, after a short grace, goes offline.

subscription WatchPresence($userIds: [ID!]!) {
  presence(input: { userIds: $userIds }) {
    __typename
    ... on PresenceSnapshot {
      cursor
      entries {
        ...Entry
      }
    }
    ... on PresenceChanged {
      cursor
      entries {
        ...Entry
      }
    }
    ... on PresenceResync {
      cursor
      entries {
        ...Entry
      }
    }
    ... on PresenceRemoved {
      cursor
      reason
      userId
    }
  }
}

fragment Entry on PresenceEntry {
  user {
    username
    displayName
    avatar {
      url
    }
  }
  availability
  statusMessage
  activity {
    kind
    text
  }
  lastSeenAt
}
`,
    { userIds: [placeholders.userId] },
  ),
  example(
    `
# 7 of 7 · Upload an image and wear it as avatar.
#
# The quick way: "Upload an image" in the toolbar
# takes all the steps with a file of yours.
#
# a) CreateImageUpload tells where to send the
#    bytes; "size" is the exact size of the file.
# b) Send them to the url of the answer:
#      curl -X PUT --data-binary @me.png \\
#        -H 'content-type: image/png' "$url"
# c) CompleteImageUpload checks and publishes them.
# d) SetAvatar shows the image to everyone.
#
# The play button asks which operation to run.

mutation CreateImageUpload($upload: CreateImageUploadInput!) {
  createImageUpload(input: $upload) {
    ... on ImageUpload {
      id
      url
      method
      headers {
        name
        value
      }
      expiresAt
    }
    ... on UserError {
      code
      message
    }
  }
}

mutation CompleteImageUpload($uploadId: ID!) {
  completeImageUpload(input: { id: $uploadId }) {
    ... on ImagePayload {
      image {
        id
        url
        width
        height
        contentType
        size
      }
    }
    ... on UserError {
      code
      message
    }
  }
}

mutation SetAvatar($imageId: ID!) {
  setAvatar(input: { imageId: $imageId }) {
    ... on SetAvatarPayload {
      user {
        username
        avatar {
          url
        }
      }
    }
    ... on UserError {
      code
      message
    }
  }
}
`,
    { upload: { contentType: 'image/png', size: 1234, purpose: 'AVATAR' }, uploadId: placeholders.uploadId, imageId: placeholders.imageId },
  ),
];

/** What the first visit shows in front of any other supergraph. */
export const welcome: readonly [Example] = [
  example(`
# Welcome. Type a query, then press the play
# button, or Ctrl-Enter.
#
# The book at the left opens the documentation of
# the schema. What is in the Headers tab goes with
# every request; its Authorization with every
# subscription too.

query Hello {
  __typename
}
`),
];
