"""From similarities to an order that people can trust: chance, fusion, copies."""
