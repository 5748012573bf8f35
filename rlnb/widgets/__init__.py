"""What is seen in the page. Knows the browser, and neither environments nor learning."""
