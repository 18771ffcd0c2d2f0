/* global document, location, history, fetch, URLSearchParams */

// Plain JavaScript, served as it stands: it posts one mutation, after a click. Programs that follow links in mails, to look for viruses or
// to show a preview, so use nothing up.

const message = document.getElementById('message');
const token = new URLSearchParams(location.hash.slice(1)).get('token');
// Neither the history nor somebody who looks at the screen needs it any longer.
history.replaceState(null, '', location.pathname);

const actions = {
  'verify-email': {
    query: 'mutation ($input: VerifyEmailInput!) { verifyEmail(input: $input) { __typename ... on UserError { message } } }',
    success: 'VerifyEmailPayload',
    thanks: 'Thank you: your e-mail address is confirmed. You can close this page.',
  },
  'reset-password': {
    query: 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { __typename ... on UserError { message } } }',
    success: 'ResetPasswordPayload',
    thanks: 'Your password is changed, and you are signed out everywhere. Sign in with the new one.',
  },
};

for (const [id, action] of Object.entries(actions)) {
  const form = document.getElementById(id);
  if (form === null) continue;
  message.textContent = '';
  if (token === null) {
    message.textContent = 'This link is not complete: open the one in the mail again, or copy all of it.';
    continue;
  }
  form.hidden = false;
  document.getElementById('show')?.addEventListener('change', (event) => {
    document.getElementById('new-password').type = event.target.checked ? 'text' : 'password';
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit(form, action);
  });
}

async function submit(form, { query, success, thanks }) {
  const button = form.querySelector('button');
  const newPassword = document.getElementById('new-password')?.value;
  button.disabled = true;
  message.textContent = '';
  try {
    const outcome = await send(query, { token, ...(newPassword === undefined ? {} : { newPassword }) });
    form.hidden = outcome.__typename === success || outcome.__typename === 'InvalidTokenError' || outcome.__typename === 'EmailTakenError';
    message.textContent = outcome.__typename === success ? thanks : outcome.message;
  } catch {
    message.textContent = 'The server cannot be reached at the moment. Try again.';
  } finally {
    button.disabled = false;
  }
}

/** What the mutation answers, or an error with a message for people. */
async function send(query, input) {
  const response = await fetch('../graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    credentials: 'omit',
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await response.json();
  if (errors?.length > 0) return { __typename: 'Error', message: errors[0].message };
  return Object.values(data)[0];
}
