// How people sign in at Yiwang: by a phone code that arrives on a phone of the sandbox, then by agreeing.

import { form } from './browser.mjs';

export default class Yiwang {
  /** @param {{sandbox: string, residents: {name: string, phone: string}[]}} given */
  constructor(given) {
    this.given = given;
    this.residents = [...given.residents]; // each may have one code a minute
  }

  /** Go through the pages; returns {left} at the relying party, or the page that goes no further. */
  async signIn(browser, page) {
    for (let steps = 0; steps < 8 && !page.left && form(page); steps++) {
      const { action, fields, names } = form(page);
      if (names.includes('phone')) {
        this.resident = this.residents.shift();
        page = await browser.go(action, { ...fields, phone: this.resident.phone });
      } else if (names.includes('code') && action.includes('/code')) {
        page = await browser.go(action, { ...fields, code: await this.#code() });
      } else if (action.includes('/consent')) {
        page = await browser.go(action, { ...fields, answer: 'yes' });
      } else {
        return page;
      }
    }
    return page;
  }

  asksWho(page) {
    return form(page)?.names.includes('phone') ?? false;
  }

  /** Confirm on the page that asks whether to sign out. */
  async leave(browser, page) {
    const { action, fields } = form(page);
    return browser.go(action, fields);
  }

  async #code() {
    const inbox = await (await fetch(`${this.given.sandbox}/phones/${this.resident.name}/inbox`)).json();
    const codes = inbox.flatMap((message) => message.lines.filter(([name]) => name === 'code').map(([, code]) => code));
    if (codes.length !== 1) throw new Error(`the phone of ${this.resident.name} has ${codes.length} codes`);
    return codes[0];
  }
}
