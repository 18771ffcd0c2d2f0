import { graphql } from '../__generated__/gql.js';

export const register = graphql(`
  mutation Register($input: RegisterInput!) {
    register(input: $input) {
      __typename
      ... on AuthPayload {
        ...Tokens
      }
      ... on UserError {
        message
      }
    }
  }

  fragment Tokens on AuthPayload {
    accessToken
    refreshToken
    expiresAt
    user {
      id
      username
    }
  }
`);

export const login = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
      __typename
      ... on AuthPayload {
        ...Tokens
      }
      ... on MfaRequired {
        mfaToken
      }
      ... on UserError {
        message
      }
    }
  }
`);

export const verifyMfa = graphql(`
  mutation VerifyMfa($input: VerifyMfaInput!) {
    verifyMfa(input: $input) {
      __typename
      ... on AuthPayload {
        ...Tokens
      }
      ... on UserError {
        message
      }
    }
  }
`);

export const refreshSession = graphql(`
  mutation RefreshSession($refreshToken: String!) {
    refreshSession(input: { refreshToken: $refreshToken }) {
      __typename
      ... on AuthPayload {
        ...Tokens
      }
      ... on UserError {
        message
      }
    }
  }
`);

export const logout = graphql(`
  mutation Logout($refreshToken: String!) {
    logout(input: { refreshToken: $refreshToken }) {
      __typename
    }
  }
`);

export const watchPresence = graphql(`
  subscription WatchPresence($userIds: [ID!]!, $since: String) {
    presence(input: { userIds: $userIds }, since: $since) {
      __typename
      ... on PresenceSnapshot {
        cursor
        entries {
          ...PresenceLine
        }
      }
      ... on PresenceChanged {
        cursor
        entries {
          ...PresenceLine
        }
      }
      ... on PresenceResync {
        cursor
        entries {
          ...PresenceLine
        }
      }
      ... on PresenceRemoved {
        cursor
        userId
      }
    }
  }

  fragment PresenceLine on PresenceEntry {
    user {
      id
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
    version
  }
`);
