"""The control room: joins capture, store, replay and widgets. The only place that knows more than one of them."""
