"""Irregular forms of common English words, for comparison: went is a form of go, height belongs to high."""

from __future__ import annotations

# base form: its irregular forms, and nouns that are derived irregularly from it
FORMS = """
be:been begin:began,begun,beginning become:became bind:bound bite:bit,bitten blow:blew,blown break:broke,broken
breed:bred bring:brought build:built burn:burnt buy:bought catch:caught choose:chose,chosen,choice come:came creep:crept
cut:cutting deal:dealt die:died,death,dead,dying dig:dug draw:drew,drawn drink:drank,drunk drive:drove,driven
eat:ate,eaten fall:fell,fallen feed:fed feel:felt fight:fought find:found fly:flew,flown,flight forbid:forbade,forbidden
forget:forgot,forgotten freeze:froze,frozen give:gave,given go:went,gone grow:grew,grown,growth hang:hung hear:heard
hide:hid,hidden hold:held keep:kept know:knew,known,knowledge lay:laid lead:led leave:left lend:lent lie:lain light:lit
lose:lost,loss mean:meant meet:met,meeting mow:mown pay:paid,payment prove:proven ride:rode,ridden ring:rang,rung
rise:rose,risen run:ran,running say:said see:saw,seen seek:sought sell:sold,sale,sales send:sent sew:sewn
shake:shook,shaken shine:shone shoot:shot show:shown shrink:shrank,shrunk sing:sang,sung,song sink:sank,sunk
sit:sat,sitting sleep:slept slide:slid sow:sown speak:spoke,spoken,speech spend:spent spin:spun split:splitting
spread:spreading spring:sprang,sprung stand:stood steal:stole,stolen stick:stuck strike:struck swear:sworn sweep:swept
swim:swam,swum swing:swung teach:taught tear:tore,torn tell:told think:thought,thinking throw:threw,thrown
understand:understood wake:woke,woken wear:wore,worn weave:wove,woven win:won,winner wind:wound write:wrote,written
withdraw:withdrew,withdrawn high:height wide:width long:length deep:depth broad:breadth strong:strength warm:warmth
weigh:weight old:older,oldest,age good:better,best bad:worse,worst person:people,persons child:children man:men
woman:women foot:feet tooth:teeth mouse:mice goose:geese life:lives wife:wives knife:knives leaf:leaves half:halves
analyse:analysis,analyses arrive:arrival depart:departure choose:choice decide:decision divide:division
marry:marriage,married move:movement publish:publication receive:receipt renew:renewal refuse:refusal sign:signature
treat:treatment try:tried,tries use:used,using,usage vary:variation
"""
IRREGULAR = {form: base for entry in FORMS.split() for base, _, forms in [entry.partition(":")] for form in forms.split(",")}
