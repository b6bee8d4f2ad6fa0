// What is wrong with the ID numbers of those who come along, as far as a page can see it (GB 11643-1999).

const FORM = /^[1-9][0-9]{16}[0-9X]$/;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

const plain = (text) => text.normalize("NFKC").replace(/[\s-]/g, "").toUpperCase();
const isWhole = (number) => FORM.test(number) && CHECKS[WEIGHTS.reduce((sum, each, at) => sum + each * Number(number[at]), 0) % 11] === number[17];

/** Return where the first number is that will not do, and why (`incomplete`, `self`, `twice`); `at` -1 if all will. Empty ones are left out. */
export function wrongNumber(given, own = "") {
  const numbers = given.map(plain);
  const why = (each, at) => !isWhole(each) ? "incomplete" : each === plain(own) ? "self" : numbers.indexOf(each) < at ? "twice" : "";
  const at = numbers.findIndex((each, index) => each && why(each, index));
  return { at, why: at < 0 ? "" : why(numbers[at], at) };
}
