import { mount } from "svelte";

import "./app.css";
import App from "./App.svelte";
import { router } from "./lib/router.svelte";
import { setTheme, theme } from "./lib/theme";

setTheme(theme());
router.start(); // before anything is shown, lest the home page ask for its pictures on the way to another
mount(App, { target: document.getElementById("app")! });
