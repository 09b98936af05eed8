"""Who is in the network and what is known of them: state, no HTTP."""
