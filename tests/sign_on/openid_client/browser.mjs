// A browser without a screen: it keeps cookies, follows redirects until one leads to a relying party, and reads forms.

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', '#34': '"', '#39': "'", '#x27': "'", '#x2F': '/' };

const unescaped = (text) => text.replace(/&(#?\w+);/g, (whole, name) => entities[name] ?? whole);

/** Where a page's form leads, and its fields; null if it has none. */
export function form(page) {
  const found = /<form[^>]*>/.exec(page.text);
  if (!found) return null;
  const attribute = (tag, name) => {
    const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1];
    return value === undefined ? undefined : unescaped(value);
  };
  const inside = page.text.slice(found.index, page.text.indexOf('</form>', found.index));
  const fields = {};
  for (const [tag] of inside.matchAll(/<input[^>]*>/g)) {
    const name = attribute(tag, 'name');
    if (name && attribute(tag, 'type') === 'hidden') fields[name] = attribute(tag, 'value') ?? '';
  }
  const names = [...inside.matchAll(/<input[^>]*>/g)].map(([tag]) => attribute(tag, 'name'));
  return { action: new URL(attribute(found[0], 'action') ?? '', page.url).href, fields, names };
}

export class Browser {
  #cookies = new Map();

  /** @param {string[]} outside where redirects are not followed to: the relying parties */
  constructor(outside) {
    this.outside = outside;
  }

  /** Go to an address; returns {url, status, text} of the page that it ends on, or {left: URL} at a relying party. */
  async go(url, fields = undefined) {
    let body = fields && new URLSearchParams(fields);
    for (let hops = 0; hops < 12; hops++) {
      const answer = await this.once(url, body);
      const location = answer.headers.get('location');
      if (!location) return { url: String(url), status: answer.status, text: await answer.text() };
      const next = new URL(location, url);
      if (this.outside.some((each) => next.href.startsWith(each))) return { left: next, status: answer.status };
      if (answer.status !== 307) body = undefined;
      url = next;
    }
    throw new Error('too many redirects');
  }

  /** Send one request with the cookies and keep those that come. */
  async once(url, body = undefined) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body,
      redirect: 'manual',
      headers: cookie ? { cookie } : {},
    });
    for (const each of answer.headers.getSetCookie()) {
      const [pair] = each.split(';');
      const at = pair.indexOf('=');
      const gone = /max-age=0|expires=thu, 01 jan 1970/i.test(each);
      if (gone) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }
}
