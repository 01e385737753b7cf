/** Light, dark, or as the system has it; the choice is remembered on this device. */

export type Theme = "system" | "light" | "dark";

const NAME = "lookalike-theme";

export function theme(): Theme {
  const known = localStorage.getItem(NAME);
  return known === "light" || known === "dark" ? known : "system";
}

export function setTheme(choice: Theme): void {
  if (choice === "system") {
    localStorage.removeItem(NAME);
    delete document.documentElement.dataset.theme;
  } else {
    localStorage.setItem(NAME, choice);
    document.documentElement.dataset.theme = choice;
  }
}
