"""Use cases: small, async, one transaction each.

conversation   one webhook of a live call
answers        the engine's asks, answered from the database
recovery       what could not be written, written when the database is back
screening      a person is rung for a caller and must press 1
route          where a call would go, and why
cases          what an agent or a portal does with a case; case_drafts draws one up
recordings     the sound of a message: fetched, kept, deleted at the provider; unsent: what nobody sent is deleted there
transcribing   a message as text; voicemails: as the desk sees and hears it
calls, closures, directory, keys    what the API and the commands ask for
partners       the partner file in and out: partner_file reads it, partner_cells knows its values
callback_numbers, numbers           which telephone numbers are numbers, and which may be dialled
refusals       why something is not done, as values that say who acts next
"""
